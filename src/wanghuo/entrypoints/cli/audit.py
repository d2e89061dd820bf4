"""`wanghuo audit …`: check the log against outside checkpoints, seal, hand out checkpoints and the key."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.engines.auditlog import split_notes
from wanghuo.entrypoints.cli.django_setup import setup

if TYPE_CHECKING:
    from wanghuo.kernel.audit.checking import Checked

SHOWN = 20
WHOLE = Text("日志完整：{size} 条，与 {kept} 个检查点相符（外部 {outside} 个）。",
             "The log is whole: {size} entries, as {kept} checkpoints have it ({outside} from outside).")  # fmt: skip
BROKEN = Text("日志有 {count} 处不符。", "The log has {count} discrepancies.")
FIRST = Text("最早在第 {seq} 条：{text}。", "The first is at entry {seq}: {text}.")
FIRST_ENTRY = Text("该条：{at} {action} {object}（{id}）", "That entry: {at} {action} {object} ({id})")
MORE = Text("……另有 {count} 处", "… and {count} more")
NO_OUTSIDE = Text("没有外部检查点：截断、回滚和整体重写只有与事先另存的检查点比对才能发现。",
                  "No checkpoint from outside: truncation, roll-back and a whole rewrite only show against one kept "
                  "elsewhere beforehand.")  # fmt: skip
SEALED = Text("封存了 {count} 条。", "Sealed {count} entries.")


class NoSuchCheckpoint(Invalid):
    """The checkpoint file cannot be read."""

    code = "audit.no_such_checkpoint"
    text = Text("无法读取检查点 {path}：{why}。", "The checkpoint {path} cannot be read: {why}.")


class NothingSealed(Conflict):
    """A checkpoint needs at least one sealed entry."""

    code = "audit.nothing_sealed"
    text = Text("日志还没有封存的条目。", "The log has no sealed entries yet.")


def add_parsers(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Register `audit` with its acts."""
    audit = subparsers.add_parser("audit", help="审计日志 / the audit log: verify, seal, checkpoint, key")
    acts = audit.add_subparsers(metavar="ACT", required=True)
    verify = acts.add_parser("verify", help="核对全部条目 / check every entry; exit code 1 when something is wrong")
    verify.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="FILE",
        help="另存的检查点文件或文件夹，可重复 / a checkpoint kept elsewhere, or a folder of them; may be repeated",
    )
    verify.add_argument("--json", action="store_true", help="以 JSON 输出 / print JSON")
    verify.set_defaults(run=_verify)
    acts.add_parser("seal", help="封存待封存条目 / seal what waits").set_defaults(run=_seal)
    checkpoint = acts.add_parser("checkpoint", help="签发检查点 / sign a checkpoint and print it")
    checkpoint.add_argument("--out", metavar="FILE", help="写入文件 / write it to a file")
    checkpoint.set_defaults(run=_checkpoint)
    acts.add_parser("key", help="打印公钥 / print the public key of the checkpoints").set_defaults(run=_key)


def _verify(args: argparse.Namespace) -> int:
    setup()
    from wanghuo.kernel.audit.checking import check

    found = check(_notes(args.checkpoint))
    _print_json(found) if args.json else _print(found)
    return 0 if found.whole else 1


def _seal(_: argparse.Namespace) -> int:
    setup()
    from wanghuo.kernel.audit.sealing import seal_pending

    print(SEALED.filled({"count": seal_pending()}))
    return 0


def _checkpoint(args: argparse.Namespace) -> int:
    setup()
    from wanghuo.kernel.audit.sealing import make_checkpoint, seal_pending

    seal_pending()
    made = make_checkpoint()
    if made is None:
        raise NothingSealed
    if args.out:
        Path(args.out).write_text(made.note, "utf-8")
    else:
        sys.stdout.write(made.note)
    return 0


def _key(_: argparse.Namespace) -> int:
    setup()
    from wanghuo.engines.auditlog import verifier_key
    from wanghuo.kernel.audit.identity import identity, public_key

    print(verifier_key(identity().origin, public_key()))
    return 0


def _notes(paths: Iterable[str]) -> list[str]:
    """The notes in files, or in the files of folders. Raises NoSuchCheckpoint."""
    notes: list[str] = []
    for given in paths:
        path = Path(given)
        files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        for file in files:
            try:
                found = split_notes(file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise NoSuchCheckpoint(path=file, why=getattr(error, "strerror", None) or "UTF-8") from None
            if not found:
                raise NoSuchCheckpoint(path=file, why=Text("文件是空的", "the file is empty"))
            notes += found
    return notes


def _print(found: Checked) -> None:
    if found.whole:
        kept = found.checkpoints + found.outside
        print(WHOLE.filled({"size": found.size, "kept": kept, "outside": found.outside}))
    else:
        _print_findings(found)
    if not found.outside:
        print(NO_OUTSIDE, file=sys.stderr)


def _print_findings(found: Checked) -> None:
    from wanghuo.kernel.audit.checking import entry_at

    first = found.findings[0]
    print(BROKEN.filled({"count": len(found.findings)}))
    print(FIRST.filled({"seq": first.seq, "text": first.text}))
    row = entry_at(first.seq)
    if row is not None:
        known = {"at": row.at.isoformat(), "action": row.action, "object": row.object, "id": row.id}
        print(FIRST_ENTRY.filled(known))
    for finding in found.findings[:SHOWN]:
        print(f"  {finding.seq}\t{finding.code}\t{finding.text}")
    if len(found.findings) > SHOWN:
        print(f"  {MORE.filled({'count': len(found.findings) - SHOWN})}")


def _print_json(found: Checked) -> None:
    told = {
        "whole": found.whole,
        "size": found.size,
        "root": found.root.hex(),
        "pending": found.pending,
        "checkpoints": found.checkpoints,
        "outside": found.outside,
        "findings": [{"seq": f.seq, "code": f.code, "zh": f.text.zh, "en": f.text.en} for f in found.findings],
    }
    print(json.dumps(told, ensure_ascii=False, indent=2))
