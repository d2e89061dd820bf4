"""Which journal: the file of one machine, or the stream of several. Whoever opens a journal opens it here."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from wanghuo.modules.sensing.journal import JournalReader, JournalWriter, Reader, Writer, renumber

Address = Path | str


def open_writer(address: Address, writer: str, *, checkpoints: bool = True) -> JournalWriter:
    """A writer to the journal at `address`; `writer` names the process's run. See `journal.Writer`."""
    if is_stream(address):
        from wanghuo.modules.sensing.journal_log import LogWriter

        return LogWriter(str(address), writer)
    return Writer(Path(address), writer, checkpoints=checkpoints)


def open_reader(address: Address) -> JournalReader:
    """A reader of the journal at `address`. See `journal.Reader`."""
    if is_stream(address):
        from wanghuo.modules.sensing.journal_log import LogReader

        return LogReader(str(address))
    return Reader(Path(address))


def continue_after(address: Address, through: int) -> bool:
    """Let the journal at `address` go on behind batch `through`, the last that the records know; whether that was needed.
    Raises StreamInUse for a stream that holds batches of other numbers."""
    reader = open_reader(address)
    try:
        if reader.last() >= through:
            return False
    finally:
        reader.close()
    if is_stream(address):
        from wanghuo.modules.sensing import journal_log

        journal_log.renumber(str(address), through)
    else:
        renumber(Path(address), through)
    return True


def is_stream(address: Address) -> bool:
    """Whether the journal is a stream on other machines."""
    return str(address).startswith(("nats://", "tls://"))


def folder_of(address: Address) -> Path:
    """Where the history lies: beside the journal's file, or in this machine's own folder when the journal is elsewhere."""
    return settings.HOME / "history" if is_stream(address) else Path(address).parent / "history"
