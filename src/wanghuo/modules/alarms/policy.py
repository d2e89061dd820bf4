"""The figures of the alarm logic as the rulebook states them, for a region and a day."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from wanghuo.base.time import local_day
from wanghuo.engines.alarm_logic import Policy
from wanghuo.engines.alarm_logic.health import Bands
from wanghuo.kernel.rulebook import rule

WINDOW_RULE = "alarms.corroboration_window"
DAY_S, HOUR_S, MINUTE_S = 86_400.0, 3600.0, 60.0


def policy_at(region: str, at: datetime) -> Policy:
    """The figures in force for a region at an instant."""
    return _policy(region[:6], local_day(at))


@lru_cache(maxsize=512)  # packs are read once a process, so what they say for a region and a day does not change
def _policy(region: str, on: date) -> Policy:
    def value(name: str) -> dict[str, float]:
        return dict(rule(f"alarms.{name}", region=region or "0", on=on).value)

    chatter, relapse, offender = value("chatter"), value("relapse"), value("offender")
    flood, area, delay = value("flood"), value("area_outage"), value("delay")
    return Policy(
        window_s=value("corroboration_window")["seconds"],
        chatter_raises=int(chatter["times"]),
        chatter_window_s=chatter["within_seconds"],
        chatter_quiet_s=chatter["quiet_minutes"] * MINUTE_S,
        relapses=int(relapse["times"]),
        relapse_window_s=relapse["within_hours"] * HOUR_S,
        ask_s=value("ask_operator")["seconds"],
        gone_s=value("ask_gone")["minutes"] * MINUTE_S,
        denied_s=value("denied")["seconds"],
        offender_false=int(offender["false_alarms"]),
        offender_days=offender["within_days"],
        echo_s=value("echo")["minutes"] * MINUTE_S,
        delay_3_s=delay["class_3_seconds"],
        delay_4_s=delay["class_4_seconds"],
        head_s=value("first_out")["within_seconds"],
        flood_starts=int(flood["starts_above"]),
        flood_ends=int(flood["ends_below"]),
        flood_window_s=flood["within_minutes"] * MINUTE_S,
        area_units=int(area["units"]),
        area_window_s=area["within_minutes"] * MINUTE_S,
        stale_s=value("stale")["hours"] * HOUR_S,
    )


def bands_at(region: str, at: datetime) -> Bands:
    """The bands an operator's load is held against."""
    found = rule("alarms.load_bands", region=region, on=local_day(at)).value
    policy = policy_at(region, at)
    hour, peak = found["per_hour"], found["ten_minutes"]
    return Bands((hour[0], hour[1], hour[2]), (peak[0], peak[1], peak[2]), policy.flood_starts, policy.flood_ends)
