"""What sensing does by the clock; imported when the app is ready."""

from __future__ import annotations

from django.utils import timezone

from wanghuo.kernel.jobs.periodic import DELETES_AFTER_S, every
from wanghuo.modules.sensing import commands, early, lifetimes, outages, retention, supervision

AT_ONCE_S = 15.0  # seconds of judging in one call: other work by the clock gets its turn


@every(5, "sensing.silence")
def silence() -> None:
    """Off line is shown within seconds of the profile's window; when very many are due at once, the rest follows at the next call."""
    supervision.judge_silence(AT_ONCE_S)


@every(5, "sensing.commands", rests_s=commands.LONGEST.total_seconds())
def expire_commands() -> None:
    """End commands that nobody answered."""
    commands.expire(timezone.now())


@every(60, "sensing.mend")
def ask_to_mend() -> None:
    """Ask for the repair of what has been down for longer than its grace."""
    outages.ask_to_mend()


@every(3600, "sensing.renew")
def ask_to_renew() -> None:
    """Tell ahead that a SIM, a battery or a service life runs out."""
    lifetimes.ask_to_renew()


@every(3600, "sensing.early")
def judge_circuits() -> None:
    """Judge how the slow quantities of circuits stand."""
    early.judge_all()


@every(300, "sensing.look")
def look() -> None:
    """One look an hour for the online rate; asked more often, so that a restart misses none."""
    supervision.look()


@every(3600, "sensing.prune", rests_s=DELETES_AFTER_S)
def prune() -> None:
    """Let the journal forget what is old and taken in."""
    retention.prune()


@every(60, "sensing.history")
def merge_history() -> None:
    """Merge the small files that ingest writes every few seconds."""
    retention.merge()


@every(86_400, "sensing.forget", rests_s=DELETES_AFTER_S)
def forget() -> None:
    """Delete readings, events and counts beyond their time."""
    retention.forget()
