"""Builds the compiled twins of plain Python parts (docs/decisions/0200): each `_*.pyx` of the package to a library beside it.

    python tools/accelerate.py [--check]

Without a C compiler or Python's headers it says so and leaves the plain path in place; that is no error. What is up to
date is left alone. `--check`: exit code 1 when one is not built.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src/wanghuo"
FLAGS = ("-O3", "-fPIC", "-shared", "-fno-strict-aliasing", "-Wno-unused-function")
FLAGS_OF = {"_lane": ("-lz",), "_columns": ("-DNPY_NO_DEPRECATED_API=NPY_1_7_API_VERSION",)}


def sources() -> list[Path]:
    """What is compiled."""
    return sorted(PACKAGE.rglob("_*.pyx"))


def built(source: Path) -> Path:
    """The library of a source, named for this Python."""
    return source.with_name(source.stem + str(sysconfig.get_config_var("EXT_SUFFIX")))


def stamp(source: Path) -> str:
    """What a library is made from: the source, this script, the Python and numpy (by the place of its headers)."""
    parts = (source.read_bytes(), Path(__file__).read_bytes(), sys.version.encode(), numpy_headers().encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def stamp_file(source: Path) -> Path:
    """Where the stamp of a library lies."""
    return source.with_suffix(".built")


def current(source: Path) -> bool:
    """Whether the library is there and made from what is here now."""
    file = stamp_file(source)
    return built(source).exists() and file.exists() and file.read_text() == stamp(source)


def missing() -> str:
    """What is not here that a build needs; "" when all is."""
    if shutil.which(compiler()) is None:
        return "a C compiler (apt-get install gcc libc6-dev)"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python's headers (apt-get install python3-dev)"
    if find_spec("Cython") is None or not numpy_headers():
        return "Cython and numpy (requirements-build.txt)"
    return ""


def numpy_headers() -> str:
    """Where numpy's headers lie; "" without numpy."""
    try:
        import numpy as np
    except ImportError:
        return ""
    return np.get_include()


def compiler() -> str:
    """The compiler's command."""
    return os.environ.get("CC", "cc")


def build(source: Path) -> None:
    """Compile one source; the library appears whole or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder, source.stem + ".c"), Path(folder, source.stem + ".so")
        run = [sys.executable, "-m", "cython", "-3", "--module-name", name_of(source), source, "-o", code]
        subprocess.run([str(part) for part in run], check=True)
        include = ("-I", sysconfig.get_path("include"), "-I", numpy_headers())
        own = FLAGS_OF.get(source.stem, ())
        subprocess.run([compiler(), *FLAGS, *include, str(code), "-o", str(library), *own], check=True)
        target = built(source)
        beside = target.with_name(target.name + ".new")
        shutil.copyfile(library, beside)
        beside.replace(target)
    stamp_file(source).write_text(stamp(source))


def name_of(source: Path) -> str:
    """The module's full name."""
    return ".".join(source.with_suffix("").relative_to(PACKAGE.parent).parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what is not up to date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only look; exit code 1 when one is not built")
    args = parser.parse_args(arguments)
    stale = [source for source in sources() if not current(source)]
    if args.check:
        print("\n".join(f"{name_of(source)}: not built" for source in stale), end="\n" if stale else "")
        return 1 if stale else 0
    if not stale:
        return 0
    if what := missing():
        print(f"  无法编译加速部件，使用纯 Python / no accelerators, plain Python is used: {what}", file=sys.stderr)
        for source in stale:  # one that was built from other sources must not be used
            built(source).unlink(missing_ok=True)
        return 0
    print("  编译加速部件 / Compiled parts …", file=sys.stderr, flush=True)
    for source in stale:
        build(source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
