from bascule.journal.record import Json
from bascule.report.page.course_part import render_signals, render_steps
from bascule.report.page.node import Node
from tests.support.made_up_upgrades import document_of

AT = "2026-11-23T08:58:12+00:00"


def steps(*step: Json, stages: list[Json] | None = None) -> str:
    return render_steps(Node({"steps": list(step), "stages": stages or []}))


def test_signals_are_told_with_who_why_and_the_answer() -> None:
    told = render_signals(Node(document_of("completed")))

    assert "ada@desk" in told
    assert "looked at the dashboards" in told
    assert "approve (gate retire, typed old)" in told
    assert "✓ obeyed" in told
    assert "✗ refused" in told
    assert "never moves traffic (roll back)" in told


def test_an_upgrade_that_nobody_steered_says_so() -> None:
    assert "Nobody steered" in render_signals(Node({}))


def test_halts_are_told_and_a_refusal_without_a_remedy_too() -> None:
    root = Node(
        {
            "signals": [{"is_refused": True, "refusal": "it is over"}],
            "halts": [{"at": AT, "step": "sync", "reason": "lost"}],
        }
    )

    told = render_signals(root)

    assert "at sync: lost" in told
    assert "it is over<" in told


def test_steps_are_told_by_stage_with_how_long_they_took() -> None:
    told = render_steps(Node(document_of("rolled_back")))

    assert "✓ done" in told
    assert "✗ failed" in told
    assert "not reached" in told
    assert told.index("shift — ") < told.index("rollback — ")


def test_a_stage_that_lasts_has_no_length_yet_and_a_wait_is_told() -> None:
    told = steps(
        {
            "stage": "sync",
            "key": "sync",
            "title": "sync",
            "status": "started",
            "started_at": AT,
            "waits": [{"reason": "2 routes"}, {"reason": "holds"}],
            "attempts": [{}],
        },
        {"stage": "odd", "key": "k", "title": "`x: y` goes", "status": "lost"},
        stages=[{"stage": "sync"}],
    )

    assert ">sync</th></tr>" in told
    assert "waited: 2 routes<" in told
    assert ">lost<" in told
    assert "<code>x: y</code> goes" in told


def test_updates_of_the_whole_gateway_are_told_step_by_step_where_they_are_known() -> None:
    told = steps(
        {"key": "preflight", "updates": 0, "updates_planned": 0},
        {"key": "shift-100", "updates": 2, "updates_planned": 1},
        {"key": "bake", "updates": None, "updates_planned": None},
    )

    assert "The whole gateway was updated 2 times while these steps lasted" in told
    assert "the plan said 1." in told
    assert "shift-100: 2 taken, 1 planned" in told
    assert "preflight: " not in told
    assert "Updates of the gateway" not in steps({"key": "bake", "updates": None})
