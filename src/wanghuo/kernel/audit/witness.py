"""A second place for checkpoints, outside the reach of whoever could rewrite this one.

Ours is a folder (a share of another body, a write-once disk): one file for each checkpoint, never replaced. Set by
`AUDIT_WITNESS` in the settings or by the environment variable WANGHUO_WITNESS.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from wanghuo.engines.auditlog import Checkpoint, read_checkpoint
from wanghuo.kernel.audit.identity import witness_folder

log = logging.getLogger(__name__)
SUFFIX = ".checkpoint"


def keep(note: str) -> None:
    """Copy a checkpoint to the witness, where one is set. What goes wrong is logged; the act that was sealed stands."""
    folder = witness_folder()
    if folder is None:
        return
    try:
        _keep(folder, note, read_checkpoint(note))
    except OSError:
        log.exception("The witness %s could not be reached; the checkpoint was not copied there.", folder)


def notes() -> list[str]:
    """Every note the witness holds, smallest first."""
    folder = witness_folder()
    return [path.read_text("utf-8") for path in sorted(folder.glob(f"*{SUFFIX}"))] if folder else []


def _keep(folder: Path, note: str, checkpoint: Checkpoint) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{checkpoint.size:015d}{SUFFIX}"
    largest = max((p.name for p in folder.glob(f"*{SUFFIX}")), default="")
    if largest > path.name:
        log.error(
            "The witness has seen a longer log (%s) than this one (%s entries): it was cut.", largest, checkpoint.size
        )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        if read_checkpoint(path.read_text("utf-8")) != checkpoint:
            log.error("The witness has another root for %s entries: the log was rewritten.", checkpoint.size)
