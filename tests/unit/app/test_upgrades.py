from dataclasses import replace

import pytest

from bascule.app.upgrades import (
    choose_unfinished,
    choose_upgrade,
    summarise_upgrade,
    upgrade_document,
)
from bascule.errors import UsageError
from bascule.journal.record import Json
from bascule.upgrade.encoding import render_split
from bascule.upgrade.run.events import Ended, GateJudged, StepResult, StepWaits
from bascule.upgrade.run.rollback import Eligibility
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import GatewayState
from tests.support.orders import GREEN, START, state_after
from tests.support.plans import approval, build_plan, hold, weights
from tests.support.runs import (
    NAME,
    after,
    at_step,
    begun,
    ended,
    halted,
    rolled_back,
    signal,
    started,
    waits,
)


def gateway(*runs: UpgradeState) -> GatewayState:
    return replace(state_after(), upgrades=runs)


def document(run: UpgradeState) -> dict[str, Json]:
    return upgrade_document(run, gateway(run))


def part(run: UpgradeState, name: str) -> dict[str, Json]:
    found = document(run)[name]
    assert isinstance(found, dict)
    return found


def test_an_upgrade_that_has_begun_tells_its_step_and_how_many_there_are() -> None:
    run = after(begun(), started("preflight"))

    step = part(run, "step")

    assert (step["key"], step["number"], step["total"]) == ("preflight", 1, len(run.plan.steps))
    assert (step["status"], step["waits_for"]) == ("started", None)
    assert document(run)["posture"] == "running"


def test_a_step_that_waits_says_for_what_and_until_when() -> None:
    run = after(begun(), started("preflight"))
    run = after(run, StepWaits(upgrade=NAME, key="preflight", reason="a cluster", until=START))

    step = part(run, "step")

    assert (step["waits_for"], step["waits_until"]) == ("a cluster", START.isoformat())


def test_an_approval_that_is_needed_names_its_gate_and_what_to_type() -> None:
    plan = build_plan([approval("retire", Stage.PREFLIGHT, typed="old")])
    run = after(begun(plan), started("retire-approval"), waits("retire-approval"))

    assert document(run)["approval"] == {"gate": "retire", "typed": "old"}


def test_a_hold_that_waits_for_a_person_is_approved_by_its_own_key() -> None:
    plan = build_plan([hold("soak", Stage.PREFLIGHT, 1.0)])
    run = after(begun(plan), started("soak"))
    asked = after(run, waits("soak", "gate soak has not passed in time and waits for an approval"))

    assert document(run)["approval"] is None
    assert document(asked)["approval"] == {"gate": "soak", "typed": None}


def test_the_newest_verdict_is_told_without_what_only_the_gate_needs() -> None:
    judged = GateJudged(
        upgrade=NAME,
        key="verify",
        verdict="hold",
        reasons=("few requests",),
        evidence={"elapsed_s": 2, "progress": {"much": 1}},
    )
    run = after(at_step("verify"), started("verify"), judged)

    assert document(run)["gate"] == {
        "key": "verify",
        "verdict": "hold",
        "reasons": ["few requests"],
        "evidence": {"elapsed_s": 2},
    }


def test_a_halt_says_where_and_whether_a_step_is_in_doubt() -> None:
    run = after(begun(), started("preflight"), halted("preflight", is_in_doubt=True))

    assert document(run)["posture"] == "halted"
    assert part(run, "halted")["is_in_doubt"] is True


def test_the_way_back_is_told_beforehand() -> None:
    assert part(begun(), "rollback") == {
        "is_possible": True,
        "reason": "until retire-blue begins",
        "cause": None,
        "is_automatic": None,
    }
    ends = part(begun(build_plan([weights(5)])), "rollback")
    assert ends["reason"] == "until it is over"


def test_a_rollback_says_why_and_shows_its_own_steps() -> None:
    run = rolled_back(at_step("shift-50"))

    assert part(run, "rollback")["cause"] == "why"
    assert part(run, "step")["key"] == "rollback-traffic"


def test_signals_come_newest_first() -> None:
    run = after(begun(), signal("pause", "s1"), signal("resume", "s2"))

    signals = document(run)["signals"]

    assert isinstance(signals, list)
    assert [s["kind"] for s in signals if isinstance(s, dict)] == ["resume", "pause"]


def test_what_is_over_has_no_step_and_no_posture() -> None:
    plan = build_plan([weights(5)])
    run = after(at_step("shift-5", plan), started("shift-5"), ended("shift-5", StepResult.DONE))
    over = after(run, Ended(upgrade=NAME, stage=Stage.COMPLETED))

    assert (document(over)["step"], document(over)["posture"]) == (None, None)
    assert part(over, "ended")["at"] == START.isoformat()


def test_live_weights_are_null_unless_they_are_known() -> None:
    run = begun()

    assert upgrade_document(run, gateway(run), live=GREEN)["live_weights"] == render_split(GREEN)
    assert document(run)["live_weights"] is None


def test_the_status_of_the_gateway_has_a_few_facts_of_the_newest_upgrade() -> None:
    summary = summarise_upgrade(gateway(begun()))

    assert summary is not None
    assert (summary["name"], summary["stage"], summary["posture"]) == (NAME, "preflight", "running")
    assert summarise_upgrade(gateway()) is None


def test_without_a_name_the_newest_upgrade_is_meant() -> None:
    assert choose_upgrade(gateway(begun()), None).name == NAME
    assert choose_upgrade(gateway(begun()), NAME).name == NAME


@pytest.mark.parametrize(("name", "words"), [("other", "known: up"), (None, "upgrade start")])
def test_an_upgrade_that_is_not_there_is_refused(name: str | None, words: str) -> None:
    state = gateway(begun()) if name else gateway()

    with pytest.raises(UsageError) as caught:
        choose_upgrade(state, name)

    assert words in caught.value.remedy


def test_a_signal_without_a_name_is_for_the_upgrade_that_is_under_way() -> None:
    assert choose_unfinished(gateway(begun()), None).name == NAME
    with pytest.raises(UsageError, match="no upgrade is under way") as caught:
        choose_unfinished(gateway(), None)
    assert "`bascule rollback` moves traffic back" in caught.value.remedy


def test_whoever_knows_both_clusters_says_whether_there_is_a_way_back() -> None:
    run = begun()
    lost = Eligibility(is_possible=False, reason="blue has no ready endpoint for any route")

    rollback = upgrade_document(run, gateway(run), way_back=lost)["rollback"]

    assert isinstance(rollback, dict)
    assert (rollback["is_possible"], rollback["reason"]) == (False, lost.reason)
