import os
from pathlib import Path

import pytest

from bascule.errors import PlanError
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.model import parse_plan, render_plan
from bascule.upgrade.plan.planner import plan_upgrade
from tests.support.planning import (
    KNOWN,
    golden_of,
    golden_specs,
    keys_of,
    lint_codes,
    read_spec,
    show_plan,
)
from tests.support.specs import EXAMPLES, read_upgrade

HOOKS = """
hooks:
- {name: copy, after: shift-5, run: [copy], repeatable: true}
- {name: move, after: shift-25, run: [move], repeatable: true, makesRollbackUnsafe: true}
"""


@pytest.mark.parametrize("case", golden_specs(), ids=lambda path: path.stem)
def test_an_upgrade_becomes_the_plan_of_its_golden_file(case: Path) -> None:
    actual = show_plan(read_spec(case))

    if os.environ.get("UPDATE_GOLDEN"):
        golden_of(case).write_text(actual)
    assert actual == golden_of(case).read_text()


def test_the_demo_has_a_plan_that_nothing_is_said_against() -> None:
    plan = plan_upgrade(read_spec(EXAMPLES / "demo.yaml"), KNOWN)

    assert lint_codes(plan) == []


def test_the_least_upgrade_has_every_step_that_is_not_optional() -> None:
    plan = plan_upgrade(read_upgrade("steps: [{weight: 10}, {weight: 100}]\n"), KNOWN)

    assert keys_of(plan) == [
        "preflight",
        "provision-green",
        "sync",
        "preview-on",
        "shift-10",
        "shift-10-hold",
        "shift-100",
        "shift-100-hold",
        "bake",
        "preview-off",
        "retire-hold",
        "retire-approval",
        "retire-idle",
        "retire-blue",
    ]


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = plan_upgrade(read_upgrade(HOOKS), KNOWN)

    assert parse_plan(render_plan(plan)) == plan


def test_the_same_spec_and_facts_make_the_same_plan() -> None:
    assert plan_upgrade(read_upgrade(), KNOWN).digest == plan_upgrade(read_upgrade(), KNOWN).digest


def test_the_last_step_must_give_green_everything() -> None:
    spec = read_upgrade()
    short = Upgrade.model_construct(**{**dict(spec), "steps": spec.steps[:1]})

    with pytest.raises(PlanError, match="gives green 1 %, not all"):
        plan_upgrade(short, KNOWN)


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("", "", ""),
        (HOOKS, "hook-move", "the hook move makes a rollback unsafe"),
        ("rollback: {unsafeAfter: shift-25, reason: moved}\n", "shift-25", "moved"),
        ("rollback: {unsafeAfter: sync}\n", "sync", ""),
        ("rollback: {unsafeAfter: bake}\n", "bake", ""),
        ("rollback: {unsafeAfter: bake}\nbake: {hold: 0s}\n", "preview-off", ""),
        ("rollback: {unsafeAfter: verify}\npreview: off\n", "shift-1", ""),
    ],
    ids=["never", "hook", "step", "sync", "bake", "bake without hold", "verify without steps"],
)
def test_the_policy_says_from_where_on_a_rollback_is_unsafe(
    text: str, key: str, reason: str
) -> None:
    policy = plan_upgrade(read_upgrade(text), KNOWN).policy

    assert (policy.unsafe_after, policy.unsafe_reason) == (key, reason)


def test_the_policy_keeps_freezes_and_receivers() -> None:
    text = """
rollback: {automatic: false}
freeze: [{days: [fri], from: "12:00", to: "24:00", timeZone: Europe/Berlin}]
notify: [{type: webhook, urlEnv: HOOK_URL}]
"""

    policy = plan_upgrade(read_upgrade(text), KNOWN).policy

    assert not policy.is_rollback_automatic
    assert policy.freeze[0]["timeZone"] == "Europe/Berlin"
    assert policy.notify[0]["url_env"] == "HOOK_URL"


def test_clusters_say_who_blue_and_green_are() -> None:
    plan = plan_upgrade(read_upgrade(), KNOWN)

    assert plan.clusters["blue"] == {
        "name": "old",
        "version": "v1.30.1",
        "routes": None,
        "context": "old",
    }


def test_the_witness_watches_the_hosts_that_move() -> None:
    hosts = "hosts: {include: [a.test, b.test], exclude: [b.test]}\nretire: {policy: never}\n"

    assert plan_upgrade(read_upgrade(hosts), KNOWN).witness_hosts == ("a.test",)
