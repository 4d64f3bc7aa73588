import pytest

from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.upgrade.encoding import parse_split
from bascule.upgrade.gates.encoding import parse_gates
from bascule.upgrade.plan.arranging import parse_arrangement
from bascule.upgrade.plan.holding import plan_judging
from bascule.upgrade.plan.model import Step
from bascule.upgrade.plan.phases import plan_bake, plan_retirement, plan_shift
from bascule.upgrade.run.stages import Stage
from tests.support.planning import KNOWN, SLOW
from tests.support.specs import read_upgrade

NEVER = "retire: {policy: never}\n"


def shift(text: str) -> list[Step]:
    spec = read_upgrade(text)
    return list(plan_shift(spec, KNOWN, plan_judging(spec, KNOWN)))


def bake(text: str) -> list[str]:
    spec = read_upgrade(text)
    return [step.key for step in plan_bake(spec, KNOWN, plan_judging(spec, KNOWN))]


def test_each_weight_is_set_and_held_and_approved_where_asked() -> None:
    found = shift("""
steps: [{weight: 0.5, approval: true}, {weight: 100}]
hooks: [{name: warm, after: shift-0.5, run: [warm]}]
""")

    assert [step.key for step in found] == [
        "shift-0.5",
        "shift-0.5-hold",
        "shift-0.5-approval",
        "hook-warm",
        "shift-100",
        "shift-100-hold",
    ]
    assert parse_split(found[0].args["split"]).default.green_bp == 50


def test_every_weight_has_its_reason() -> None:
    found = shift("steps: [{weight: 5}, {weight: 50}, {weight: 100}]\n")

    assert [step.reason.split(":")[0] for step in found if not step.key.endswith("hold")] == [
        "the smallest share first",
        "5 % has held; more requests show what fewer could not",
        "the last share",
    ]


HOST_STEPS = "steps: [{hosts: [a.test]}, {weight: 5}, {hosts: [b.test]}, {weight: 100}]\n"


def test_whole_hosts_are_moved_and_judged_by_themselves() -> None:
    found = shift(HOST_STEPS)

    assert [step.title for step in found] == [
        "green gets all requests of a.test",
        "green is judged on all requests of a.test",
        "green gets 5 % of the requests, and keeps all of a.test",
        "green is judged on 5 % of the requests",
        "green gets all requests of b.test",
        "green is judged on all requests of b.test",
        "green gets all requests",
        "green is judged on all requests",
    ]
    gates = parse_gates(found[1].args["gates"])
    assert (gates.has_traffic, gates.below_blue_max) == (True, None)
    assert "blue serves other hosts meanwhile" in found[1].reason


def test_every_step_of_hosts_has_its_reason() -> None:
    assert [step.reason.split(":")[0] for step in shift(HOST_STEPS)[::2]] == [
        "some hosts first",
        "a.test has held; more requests show what fewer could not",
        "5 % has held; more hosts show what those could not",
        "the last share",
    ]


def test_what_each_step_costs_is_told_where_it_is_an_update_of_the_gateway() -> None:
    spec = read_upgrade(HOST_STEPS)
    judging = plan_judging(spec, SLOW)

    shifts = list(plan_shift(spec, SLOW, judging))
    retired = list(plan_retirement(spec, SLOW))[-1]

    assert all("; costs 1 PUT" in step.reason for step in (*shifts[::2], retired))
    assert [step.estimate_s for step in (*shifts[::2], retired)] == [8.0] * 5
    assert not any("PUT" in step.reason for step in shifts[1::2])
    assert [step.key for step in plan_bake(spec, SLOW, judging)] == ["bake"]


def test_one_step_for_all_is_the_last_one() -> None:
    assert shift("steps: [{weight: 100}]\n")[0].reason.startswith("the last share")


@pytest.mark.parametrize(
    ("hosts", "title"),
    [
        ("", "green gets 5 % of the requests"),
        ("{include: [a.test]}", "green gets 5 % of the requests of 1 named hosts"),
        ("{exclude: [a.test]}", "green gets 5 % of the requests of all hosts but 1"),
    ],
    ids=["all", "named", "all but"],
)
def test_a_title_says_which_hosts_move(hosts: str, title: str) -> None:
    text = f"hosts: {hosts or '{}'}\n{NEVER}steps: [{{weight: 5}}, {{weight: 100}}]\n"

    assert shift(text)[0].title == title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["bake", "preview-off"]),
        ("bake: {hold: 0s, approval: true}\n", ["bake-approval", "preview-off"]),
        ("preview: off\n", ["bake"]),
        (
            "hooks: [{name: warm, after: bake, run: [warm]}]\n",
            ["bake", "hook-warm", "preview-off"],
        ),
    ],
    ids=["plain", "approval", "no preview", "hook"],
)
def test_the_bake_ends_with_nothing_but_the_split(text: str, expected: list[str]) -> None:
    assert bake(text) == expected


def test_at_the_end_nothing_is_arranged() -> None:
    spec = read_upgrade()

    *_, last = plan_bake(spec, KNOWN, plan_judging(spec, KNOWN))

    assert parse_arrangement(last.args["arrangement"]) == NOTHING_ARRANGED


def test_blue_is_kept_then_approved_then_proved_idle_then_retired() -> None:
    found = list(plan_retirement(read_upgrade("retire: {hold: 7d, idle: 10m}\n"), KNOWN))

    assert [(step.key, step.stage) for step in found] == [
        ("retire-hold", Stage.BAKE),
        ("retire-approval", Stage.BAKE),
        ("retire-idle", Stage.BAKE),
        ("retire-blue", Stage.RETIRE),
    ]
    assert found[0].args["hold_s"] == 604_800.0
    assert found[1].args["typed"] == "old"
    assert found[2].args["quiet_s"] == 600.0
    assert found[3].args == {"cluster": "blue"}


def test_blue_may_go_without_being_kept() -> None:
    found = plan_retirement(read_upgrade("retire: {hold: 0s}\n"), KNOWN)

    assert [step.key for step in found] == ["retire-approval", "retire-idle", "retire-blue"]


def test_a_blue_that_is_never_to_go_is_not_retired() -> None:
    assert list(plan_retirement(read_upgrade(NEVER), KNOWN)) == []
