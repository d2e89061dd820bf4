"""Every combination of facts, from end to end: what may be kept back, and what never is."""

from __future__ import annotations

import pytest

from wanghuo.engines.alarm_logic import Back, Fact, Route, Why, back, decide
from wanghuo.engines.alarm_logic.routes import ROUTE, ROUTE_OF, TEXTS, WHY

ALL = range(1 << len(Fact))
KNOWN = dict.fromkeys(("count", "seconds", "days", "until", "reason", "window", "head", "who"), 3)


def test_no_combination_of_policies_keeps_a_corroborated_fire_from_the_operator() -> None:
    protected = [f for f in ALL if f & Fact.FIRE and f & Fact.PROTECTED]
    assert len(protected) == 2048
    for facts in protected:
        assert ROUTE[facts] is Route.SHOW or (ROUTE[facts] is Route.FOLD and facts & Fact.SHOWN)


def test_a_fire_is_shown_folded_into_one_that_stands_or_asked_about_and_nothing_else() -> None:
    assert {ROUTE[f] for f in ALL if f & Fact.FIRE} == {Route.SHOW, Route.FOLD, Route.ASK}
    assert all(f & (Fact.SHOWN | Fact.KEPT) for f in ALL if ROUTE[f] is Route.FOLD)


def test_only_brief_faults_are_delayed_and_only_shelving_and_maintenance_hold() -> None:
    assert all(f & Fact.BRIEF for f in ALL if ROUTE[f] is Route.WAIT)
    assert all(f & (Fact.SHELVED | Fact.WINDOW) for f in ALL if ROUTE[f] is Route.HOLD)


@pytest.mark.parametrize("fact", [Fact.SHELVED, Fact.HEADED, Fact.CROWDED, Fact.BRIEF])
def test_what_is_about_faults_makes_no_difference_to_a_fire(fact: Fact) -> None:
    assert all(WHY[f] is WHY[f & ~fact] for f in ALL if f & Fact.FIRE)


def test_every_decision_says_why_in_both_languages_with_its_source() -> None:
    assert set(ROUTE_OF) == set(TEXTS) == set(Why)
    for facts in ALL:
        verdict = decide(facts, KNOWN)
        assert verdict.value is ROUTE[facts]
        for reason in verdict.reasons:
            assert all((reason.message.zh, reason.message.en, reason.source))
            assert "{" not in reason.message.zh + reason.message.en
    assert all(back(why, KNOWN).message.en for why in Back)


def test_a_shelved_corroborated_fire_says_that_shelving_does_not_apply() -> None:
    verdict = decide(Fact.FIRE | Fact.PROTECTED | Fact.SHELVED)
    assert [r.code for r in verdict.reasons] == ["alarm.route_protected", "alarm.despite_shelved"]
