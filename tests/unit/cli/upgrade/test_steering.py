import io
import sys

import pytest
import typer
from typing_extensions import override

from bascule.cli.options import Where
from bascule.cli.upgrade.steering import (
    AbortArguments,
    Saying,
    ask_at_terminal,
    check_way_back,
    is_traffic_back,
    parse_span,
    say_taken,
    split_words,
)
from bascule.errors import PlanError, UsageError
from bascule.journal.record import Json
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from tests.support.plans import build_plan, hold
from tests.support.runs import after, at_step, begun, ended, rolled_back, signal, started

HOLDS: Plan = build_plan([hold("retire-hold", Stage.BAKE, 3_600.0)])


def taken(run: UpgradeState, kind: str, **data: Json) -> list[str]:
    told = after(run, signal(kind, "s1", **data))
    return say_taken(told.signals[-1], told)


def test_the_name_of_the_upgrade_may_be_left_out() -> None:
    def is_share(word: str) -> bool:
        return "=" in word

    assert split_words(["green=30"], is_ours=is_share) == (None, ["green=30"])
    assert split_words(["up", "green=30"], is_ours=is_share) == ("up", ["green=30"])
    assert split_words([], is_ours=is_share) == (None, [])


def test_a_span_of_time_is_written_as_in_the_file_of_the_upgrade() -> None:
    assert parse_span("24h") == 86_400
    with pytest.raises(UsageError, match="is not a duration"):
        parse_span("soon")


def test_traffic_is_back_once_its_step_of_the_rollback_is_over() -> None:
    began = rolled_back(at_step("shift-50"))
    done = after(began, started("rollback-traffic"), ended("rollback-traffic"))

    assert not is_traffic_back(at_step("shift-50"))
    assert not is_traffic_back(began)
    assert is_traffic_back(done)


def test_traffic_that_was_never_moved_is_back_at_once() -> None:
    assert is_traffic_back(rolled_back(at_step("verify")))


def test_a_rollback_that_cannot_be_is_refused_before_anybody_is_asked() -> None:
    check_way_back(begun())
    with pytest.raises(PlanError, match="rolling back already"):
        check_way_back(rolled_back(at_step("shift-50")))


def test_an_approval_names_the_gate_that_it_was_for() -> None:
    assert taken(begun(), "approve", gate="shift-5") == ["  gate shift-5 is approved"]


def test_weights_by_hand_are_told_as_they_are() -> None:
    told = taken(begun(), "weights", blue_bp=7_000)

    assert told == ["  traffic goes to blue 70 %, green 30 %; it is paused"]


def test_an_extended_hold_tells_until_when_it_holds_now() -> None:
    holding = after(at_step("retire-hold", HOLDS), started("retire-hold"))

    (until,) = taken(holding, "extend", by_s=3_600)
    (later,) = taken(begun(HOLDS), "extend", by_s=3_600)
    (none,) = taken(begun(build_plan([hold("bake", Stage.BAKE, 1.0)])), "extend", by_s=3_600)

    assert until == "  retire-hold now holds until 2026-01-01 02:00:00 UTC"
    assert later == "  retire-hold now holds for 2 h from when it begins"
    assert none == "  no hold before retire lies ahead"


def test_what_needs_no_word_gets_none() -> None:
    assert taken(begun(), "pause") == []


class Terminal(io.StringIO):
    """Standard input at which a person sits."""

    @override
    def isatty(self) -> bool:
        return True


def aborting(*, yes: bool = False) -> AbortArguments:
    return AbortArguments(yes=yes, saying=Saying(where=Where()))


def test_who_gives_an_upgrade_up_at_a_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))

    with pytest.raises(typer.Exit):
        ask_at_terminal(aborting(), ["it is over"], "Give it up?")
    ask_at_terminal(aborting(yes=True), ["it is over"], "Give it up?")

    assert "nothing was changed" in capsys.readouterr().err


def test_a_script_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    ask_at_terminal(aborting(), ["it is over"], "Give it up?")
