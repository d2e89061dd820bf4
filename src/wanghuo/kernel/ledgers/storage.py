"""Where the files of an import lie: one folder each, under the data folder, readable by the platform alone."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings

from wanghuo.kernel.ledgers.reading import MEBIBYTE, TOO_LARGE, Unreadable

MOST_PROBLEMS = 50_000  # written down one by one; beyond that only counted


def folder(run_id: UUID) -> Path:
    """The folder of an import."""
    return Path(settings.HOME) / "imports" / str(run_id)


def table_path(run_id: UUID) -> Path:
    """The file as it came."""
    return folder(run_id) / "table"


def keep(run_id: UUID, chunks: Iterable[bytes], most_bytes: int) -> tuple[str, int]:
    """Keep the bytes; the SHA-256 and how many they are. Raises Unreadable beyond `most_bytes` and then keeps
    nothing."""
    path = table_path(run_id)
    path.parent.mkdir(parents=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > most_bytes:
                    raise Unreadable(TOO_LARGE, most=most_bytes // MEBIBYTE)
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        forget(run_id)
        raise
    return digest.hexdigest(), size


def forget(run_id: UUID) -> None:
    """Remove the files of an import."""
    shutil.rmtree(folder(run_id), ignore_errors=True)


class Problems:
    """The errors of a check, one JSON line each, written while the check runs."""

    def __init__(self, run_id: UUID) -> None:
        self.path = folder(run_id) / "problems.jsonl"
        self.count = 0
        self._file: IO[str] | None = None

    def __enter__(self) -> Problems:
        self._file = self.path.open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, problem: dict[str, Any]) -> None:
        """Write one down."""
        self.count += 1
        if self._file is not None and self.count <= MOST_PROBLEMS:
            self._file.write(json.dumps(problem, ensure_ascii=False) + "\n")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
