"""What `./dev` hands over to: set up, run the demo, run every check. Standard library only."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
FRONTEND = ROOT / "frontend"
DIST = ROOT / "src/wanghuo/kernel/ui/static/ui/dist"
LOCKS = {"run": "requirements-build.txt", "test": "requirements-dev.txt"}
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "UV_PYTHON_DOWNLOADS": "never",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def say(text: str) -> None:
    """A line of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command; leave with its exit code when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**ENVIRONMENT, **(env or {})}, check=False)
    if done.returncode:
        sys.exit(done.returncode)


# --- set-up -------------------------------------------------------------------------------------------------------


def digest(*paths: Path) -> str:
    """One digest over the names and contents of files and folders."""
    found = hashlib.sha256()
    for path in paths:
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            found.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


@contextmanager
def step(zh: str, en: str, stamp: Path, key: str) -> Iterator[bool]:
    """A set-up step that is done again only when what it is made from has changed."""
    if stamp.exists() and stamp.read_text() == key:
        yield False
        return
    started = time.monotonic()
    say(f"  {zh} / {en} …")
    yield True
    stamp.write_text(key)
    say(f"    {time.monotonic() - started:.0f} s")


def set_up(kind: str) -> None:
    """Python packages, compiled parts and the front end; `kind` is "run" or "test"."""
    lock = ROOT / LOCKS[kind]
    stamp = VENV / ".packages"
    # the test set holds the run set, so whoever has the former is not made to go back
    if not (kind == "run" and stamp.exists() and stamp.read_text() == digest(ROOT / LOCKS["test"])):
        with step("安装 Python 依赖", "Python packages", stamp, digest(lock)) as needed:
            if needed:
                pip = (BIN / "uv", "pip", "install", "-q", "-p", BIN / "python", "--no-deps")
                run(*pip, "--require-hashes", "-r", lock)
                run(*pip, "--no-build-isolation", "-e", ".")
    run(BIN / "python", ROOT / "tools/accelerate.py")
    build_frontend()


def build_frontend() -> None:
    """Bundle scripts and styles; nothing is fetched at run time."""
    sources = [FRONTEND / name for name in ("package.json", "package-lock.json", "vite.config.js", "src")]
    sources = [path for path in sources if path.exists()]
    with step("构建前端", "Front end", VENV / ".frontend", digest(*sources)) as needed:
        if needed or not DIST.exists():
            run(BIN / "npm", "ci", "--silent", "--no-progress", cwd=FRONTEND)
            run(BIN / "npx", "vite", "build", "--logLevel", "warn", cwd=FRONTEND)


# --- checks -------------------------------------------------------------------------------------------------------


@dataclass
class Check:
    """One check: its words, its command, what it needs in the environment, and how it went."""

    name: str
    command: list[str | Path]
    env: dict[str, str] = field(default_factory=dict)
    output: str = ""
    code: int = 0
    seconds: float = 0.0

    def go(self, live: bool = False) -> Check:
        """Run it; `live` lets its output through as it comes."""
        started = time.monotonic()
        command = [str(part) for part in self.command]
        env = {**ENVIRONMENT, **self.env}
        pipe = None if live else subprocess.PIPE
        done = subprocess.run(
            command, cwd=ROOT, env=env, stdout=pipe, stderr=subprocess.STDOUT if pipe else None, text=True, check=False
        )
        self.output, self.code, self.seconds = done.stdout or "", done.returncode, time.monotonic() - started
        return self


def static_checks() -> list[Check]:
    """What can be told without running the product."""
    python = BIN / "python"
    test = {"WANGHUO_MODE": "test", "WANGHUO_HOME": tempfile.mkdtemp(prefix="wanghuo-check-")}
    deploy = {
        "WANGHUO_MODE": "production",
        "WANGHUO_HOME": test["WANGHUO_HOME"],
        "WANGHUO_HOSTS": "wanghuo.example",
        "PYTHONWARNINGS": "error",
    }
    return [
        Check("locks", [python, ROOT / "tools/locks.py"]),
        Check("format", [BIN / "ruff", "format", "--check", "-q", "."]),
        Check("lint", [BIN / "ruff", "check", "-q", "."]),
        Check("types", [BIN / "mypy"], test),
        Check("floors", [BIN / "lint-imports", "--no-cache"], test),
        Check("docs", [python, ROOT / "tools/docs.py", "--check"], test),
        Check("migrations", [python, "-m", "wanghuo", "makemigrations", "--check", "--dry-run"], test),
        Check("deployment", [python, "-m", "wanghuo", "check", "--deploy", "--fail-level", "WARNING"], deploy),
    ]


# where the tests with these marks are: collecting all the others takes longer than it looks
PLACES = {
    "alone": ("tests/load", "src/wanghuo/entrypoints/web"),
    "crash": ("tests/load", "src/wanghuo/kernel/outbox"),
    "browser": ("tests/journeys", "src/wanghuo/entrypoints/web"),
}


def pytest(
    *arguments: str, workers: int = 2, dist: str = "loadfile", env: dict[str, str] | None = None, name: str = ""
) -> Check:
    """A run of pytest over `workers` processes; a file is one process's, so that what its tests share is made once.

    With `dist="load"` each test is dealt out by itself: for those that share nothing and take long.

    (`loadgroup` would say it finer, but pytest-xdist 3.8 sees no groups under pytest 9.2: pytest-xdist issue 1386.)
    """
    spread = ["-n", str(workers), "--dist", dist] if workers > 1 else []
    return Check(name, [BIN / "python", "-m", "pytest", "-q", *spread, *arguments], env or {})


def report(checks: list[Check]) -> bool:
    """Say how each check went; the output of those that failed comes in full."""
    for check in checks:
        say(f"  {'ok ' if check.code == 0 else 'FAILED'} {check.name} ({check.seconds:.0f} s)")
        if check.code:
            say(check.output)
    return all(check.code == 0 for check in checks)


def static() -> bool:
    """Run the static checks, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return report(list(pool.map(Check.go, static_checks())))


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL server of our own in a temporary folder; yields its URL. `durable`: it waits for the disk."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not programs:
        sys.exit("PostgreSQL is missing: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="wanghuo-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=60"
    options += f" -c fsync={'on' if durable else 'off'}"

    def program(name: str, *arguments: str | Path) -> None:
        subprocess.run(
            [*as_user, str(programs[-1] / name), *map(str, arguments)],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    program("initdb", "-D", data, "-U", "wanghuo", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    program("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgres://wanghuo@/wanghuo?host={folder}"
    finally:
        program("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


# --- commands -----------------------------------------------------------------------------------------------------


def setup(_: argparse.Namespace) -> int:
    """Python packages and the front end, nothing else."""
    set_up("test")
    return 0


def demo(args: argparse.Namespace) -> int:
    """Set up, fill a synthetic region and run it."""
    say("望火：准备演示 / Wanghuo: preparing the demo")
    set_up("run")
    demo_environment = {**ENVIRONMENT, "WANGHUO_MODE": "demo"}
    os.execve(BIN / "wanghuo", ["wanghuo", "demo", *args.rest], demo_environment)  # noqa: S606 (Ctrl+C goes straight to it)


def check(_: argparse.Namespace) -> int:
    """The quick pass: static checks and the tests on SQLite."""
    set_up("test")
    good = static()
    tests = pytest("-m", "not browser and not crash and not alone", name="tests on SQLite").go(live=True)
    return 0 if report([tests]) and good else 1


def test(args: argparse.Namespace) -> int:
    """Every check: static, the tests on SQLite and on PostgreSQL, the crash rigs, journeys in a real browser."""
    started = time.monotonic()
    set_up("test")
    checks: list[Check] = []
    say("静态检查 / Static checks")
    good = static()
    # the groups differ in what they load a core with: the crash rig and the browser must not compete with the rest
    say("SQLite 上的测试 / Tests on SQLite")
    checks.append(pytest("-m", "not browser and not crash and not alone", name="tests on SQLite").go(live=True))
    say("PostgreSQL 上的测试 / Tests on PostgreSQL")
    with postgres() as url:
        floors = ("src/wanghuo/kernel", "src/wanghuo/modules", "src/wanghuo/entrypoints", "tests")
        choice = ("-m", "not browser and not crash and not alone and not embedded", *floors)
        checks.append(pytest(*choice, env={"WANGHUO_DATABASE": url}, name="tests on PostgreSQL").go(live=True))
    say("不用编译部件的测试 / Tests without the compiled parts")
    twins = ("src/wanghuo/entrypoints/gateway", "src/wanghuo/engines/codecs/gb26875")
    choice = ("-m", "not browser and not crash and not alone", *twins)
    checks.append(pytest(*choice, env={"WANGHUO_PURE": "1"}, name="tests in plain Python").go(live=True))
    say("断电式中断与浏览器 / Crashes and the browser")
    alone = ("-m", "alone", *PLACES["alone"])
    checks.append(pytest(*alone, workers=1, name="tests that load the machine").go(live=True))
    # a rig waits as much as it works (for disks, clocks, processes that come back): three fill two cores
    crash = ("-m", "crash", *PLACES["crash"])
    checks.append(pytest(*crash, workers=3, dist="load", name="crash rigs").go(live=True))
    checks.append(pytest("-m", "browser", *PLACES["browser"], name="browser journeys").go(live=True))
    say("结果 / Results")
    good = report(checks) and good
    say(f"{'全部通过 / All passed' if good else '有未通过 / Some failed'} ({time.monotonic() - started:.0f} s)")
    return 0 if good else 1


def docs(_: argparse.Namespace) -> int:
    """Write the generated parts of the docs (state diagrams, tables)."""
    set_up("test")
    run(BIN / "python", ROOT / "tools/docs.py", env={"WANGHUO_MODE": "test", "WANGHUO_HOME": tempfile.mkdtemp()})
    return 0


def lock(_: argparse.Namespace) -> int:
    """Pin every Python dependency anew, with hashes and without host names."""
    common = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
    compile_ = [BIN / "uv", "pip", "compile", "-q", *common, "--python-version", "3.11", "--upgrade"]
    server = ["--extra", "server", "pyproject.toml"]
    run(*compile_, *server, "-o", "requirements.txt")
    run(*compile_, *server, "--group", "build", "-c", "requirements.txt", "-o", "requirements-build.txt")
    every = ["--group", "build", "--group", "dev", "-c", "requirements-build.txt"]
    run(*compile_, *server, *every, "-o", "requirements-dev.txt")
    return 0


def screenshots(args: argparse.Namespace) -> int:
    """Pictures of the main pages from the demo region, at three widths and in both languages."""
    set_up("test")
    run(BIN / "python", ROOT / "tools/screenshots.py", *args.rest)
    return 0


def torture(args: argparse.Namespace) -> int:
    """The rigs of reliability: crashes, power cuts, full disks, hostile bytes (docs/reliability)."""
    set_up("test")
    run(BIN / "python", "-m", "tests.load.torture", *args.rest)
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "demo": demo,
    "test": test,
    "check": check,
    "docs": docs,
    "lock": lock,
    "screenshots": screenshots,
    "torture": torture,
    "setup": setup,
}


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="./dev", description="望火 Wanghuo")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, function in COMMANDS.items():
        command = subparsers.add_parser(name, help=(function.__doc__ or "").split("\n")[0])
        command.set_defaults(run=function)
    if sys.argv[1:2] in (["help"], []):
        parser.print_help()
        return 0
    args, args.rest = parser.parse_known_args()
    return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
