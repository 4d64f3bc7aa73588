from dataclasses import replace

from bascule.app.upgrades import upgrade_document
from bascule.cli.upgrade.status_text import render_upgrade
from bascule.journal.record import Json
from bascule.routing.weights import Split
from bascule.upgrade.run.events import SignalRefused, StepWaits
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from tests.support.orders import BLUE, GREEN, START, state_after
from tests.support.plans import approval, build_plan, by_host
from tests.support.runs import (
    NAME,
    after,
    at_step,
    begun,
    halted,
    rolled_back,
    signal,
    started,
    waits,
)


def text(run: UpgradeState, *, live: Split | None = None, where: str = "") -> str:
    state = replace(state_after(), upgrades=(run,))
    return "\n".join(render_upgrade(upgrade_document(run, state, live=live), where))


def test_stage_posture_step_and_way_back_are_shown() -> None:
    shown = text(after(begun(), started("preflight")))

    assert "stage    preflight, running" in shown
    assert f"step     preflight (1 of {len(begun().plan.steps)}): preflight" in shown
    assert "rollback possible until retire-blue begins:" in shown
    assert f"bascule upgrade rollback {NAME}" in shown


def test_an_upgrade_that_nobody_runs_or_that_has_trouble_says_so_until_it_is_over() -> None:
    run = after(begun(), started("preflight"))
    document = upgrade_document(run, replace(state_after(), upgrades=(run,)))

    def lines(runtime: Json, **more: Json) -> list[str]:
        shown = render_upgrade({**document, "runtime": runtime, **more})
        return [line for line in shown if line.startswith("runtime")]

    assert lines({"pid": 7, "trouble": None}) == []
    assert lines({"pid": 7, "trouble": "disk full"}) == ["runtime  stands still: disk full"]
    assert "the upgrade stands still" in lines(None)[0]
    assert lines(None, ended={"at": "2026-01-01T00:00:00+00:00"}) == []


def test_what_is_waited_for_is_shown_with_its_end() -> None:
    run = after(begun(), started("preflight"))
    run = after(run, StepWaits(upgrade=NAME, key="preflight", reason="both lists", until=START))

    assert "waits    both lists, until 2026-01-01 00:00:00 UTC" in text(run)


def test_an_approval_is_shown_as_the_command_to_type() -> None:
    plan = build_plan([approval("retire", Stage.PREFLIGHT, typed="old")])
    run = after(begun(plan), started("retire-approval"), waits("retire-approval"))

    shown = text(run, where=" --gateway shop")

    assert f"bascule upgrade approve {NAME} --gate retire --typed old --gateway shop" in shown


def test_a_halt_says_what_to_do_and_how_to_answer_a_doubt() -> None:
    shown = text(after(begun(), started("preflight"), halted("preflight", is_in_doubt=True)))

    assert "halted   preflight: why" in shown
    assert f"bascule upgrade answer {NAME} done|redo|skip" in shown


def test_weights_that_are_live_as_wanted_are_told_once() -> None:
    assert "live     the same" in text(begun(), live=BLUE)
    assert "live     blue 0 %, green 100 %" in text(begun(), live=GREEN)
    assert "live     not known" in text(begun())


def test_a_rollback_is_shown_with_its_cause() -> None:
    assert "rollback asked for: why" in text(rolled_back(at_step("shift-50")))


def test_signals_are_shown_with_what_became_of_them() -> None:
    refused = SignalRefused(upgrade=NAME, signal_id="s2", kind="retry", reason="it goes on")
    run = after(begun(), signal("pause"), refused)

    shown = text(run)

    assert "paused   2026-01-01 00:00:00 UTC by ada@desk" in shown
    assert "retry by ada@desk (refused: it goes on)" in shown


def test_a_signal_is_shown_with_what_it_set_or_approved() -> None:
    run = after(at_step("bake"), signal("weights", blue_bp=7_000))
    shown = text(after(run, signal("approve", "s2", gate="retire"), signal("pause", "s3")))

    assert "weights (blue 70 %, green 30 %) by ada@desk" in shown
    assert "approve (retire) by ada@desk" in shown
    assert "pause by ada@desk" in shown


def test_hosts_that_go_their_own_way_are_named_with_their_shares() -> None:
    run = after(begun(), started("preflight"))

    few = text(run, live=by_host("a.test", "b.test"))
    many = text(run, live=by_host("a.test", "b.test", "c.test", "d.test"))

    assert "live     blue 100 %, green 0 % (a.test: green 100 %, b.test: green 100 %)" in few
    assert "c.test: green 100 %, 1 more hosts)" in many
