from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bascule.checks.findings import Finding, Severity
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.weights import Split, Weights
from bascule.upgrade.encoding import render_split
from bascule.upgrade.plan.model import Policy, Step, StepKind
from bascule.upgrade.plan.rules_of_order import (
    lint_freeze,
    lint_hooks,
    lint_keys,
    lint_kinds,
    lint_retirement,
    lint_stages,
    lint_way_back,
)
from bascule.upgrade.run.stages import Stage
from tests.support.orders import GREEN
from tests.support.planning import KNOWN
from tests.support.plans import approval, build_plan, build_step, hold, hook, weights

PROOF = build_step("retire-idle", Stage.BAKE, StepKind.PROVE_IDLE, cluster="blue")
RETIRE = build_step("retire-blue", Stage.RETIRE, StepKind.RETIRE, cluster="blue")
WORD = approval("retire", Stage.BAKE, typed="old")
BAKE = hold("bake", Stage.BAKE, 60)
MONDAY = datetime(2026, 6, 1, 12, tzinfo=UTC)


def codes(found: Iterator[Finding]) -> list[str]:
    return [finding.code for finding in found]


def test_a_whole_plan_has_nothing_wrong_with_its_order() -> None:
    plan = build_plan([weights(100), BAKE, WORD, PROOF, RETIRE])
    rules = (lint_kinds, lint_keys, lint_stages, lint_way_back, lint_hooks, lint_retirement)

    assert [codes(rule(plan, KNOWN)) for rule in rules] == [[]] * len(rules)


def test_a_kind_of_another_version_is_a_blocker() -> None:
    strange = Step(key="dance", stage=Stage.SHIFT, kind="dance")

    (found,) = lint_kinds(build_plan([strange]), KNOWN)

    assert found.severity is Severity.BLOCKER
    assert "of the kind 'dance', unknown to this version" in found.message


def test_a_key_that_is_there_twice_is_a_blocker() -> None:
    (found,) = lint_keys(build_plan([weights(5), weights(5)]), KNOWN)

    assert (found.code, found.subject) == ("DuplicateKey", "shift-5")


@pytest.mark.parametrize("stage", [Stage.VERIFY, Stage.ROLLBACK])
def test_a_stage_that_goes_back_is_a_blocker(stage: Stage) -> None:
    late = build_step("late", stage, StepKind.CHECK)

    (found,) = lint_stages(build_plan([weights(5), late, weights(50)]), KNOWN)

    assert (found.code, found.subject) == ("StageOrder", "late")


def test_a_rollback_by_hand_is_spoken_about() -> None:
    policy = Policy(is_rollback_automatic=False)

    (found,) = lint_way_back(build_plan([weights(100)], policy=policy), KNOWN)

    assert (found.severity, found.code) == (Severity.INFO, "RollbackByHand")


def test_an_unsafe_step_that_does_not_exist_is_a_blocker() -> None:
    policy = Policy(unsafe_after="shift-7")

    (found,) = lint_way_back(build_plan([weights(5)], policy=policy), KNOWN)

    assert (found.severity, found.code) == (Severity.BLOCKER, "UnsafeStepUnknown")


@pytest.mark.parametrize(("reason", "said"), [("", "no way back,"), ("data", "way back (data),")])
def test_traffic_that_moves_with_no_way_back_is_a_warning(reason: str, said: str) -> None:
    policy = Policy(unsafe_after="shift-50", unsafe_reason=reason)
    plan = build_plan([weights(5), weights(50), weights(100)], policy=policy)

    (found,) = lint_way_back(plan, KNOWN)

    assert found.code == "NoWayBack"
    assert said in found.message
    assert found.message.endswith("traffic still moves in shift-50, shift-100")


def test_a_way_back_that_ends_after_the_last_weight_is_fine() -> None:
    policy = Policy(unsafe_after="bake")

    assert codes(lint_way_back(build_plan([weights(100), BAKE], policy=policy), KNOWN)) == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (hook("copy", Stage.SHIFT, undo=False), ["HookNotRepeatable"]),
        (hook("copy", Stage.SHIFT), []),
        (hook("copy", Stage.SHIFT, is_repeatable=True, undo=False), []),
    ],
    ids=["once", "undone", "repeatable"],
)
def test_a_command_that_is_neither_repeatable_nor_undone_is_named(
    step: Step, expected: list[str]
) -> None:
    assert codes(lint_hooks(build_plan([step]), KNOWN)) == expected


WEEKEND: dict[str, Json] = {
    "name": "",
    "days": ["sat", "sun"],
    "from": "00:00",
    "to": "24:00",
    "timeZone": "UTC",
}
ALWAYS: dict[str, Json] = {**WEEKEND, "days": []}
TODAY: dict[str, Json] = {**WEEKEND, "name": "mondays", "days": ["mon"]}


@pytest.mark.parametrize(
    ("window", "expected"),
    [(WEEKEND, []), (ALWAYS, ["FreezeWithoutEnd"]), (TODAY, ["FrozenNow"])],
    ids=["later", "always", "now"],
)
def test_a_freeze_over_the_upgrade_is_told(window: dict[str, Json], expected: list[str]) -> None:
    plan = build_plan([weights(5)], policy=Policy(freeze=(window,)))

    assert codes(lint_freeze(plan, replace(KNOWN, at=MONDAY))) == expected


def test_without_a_time_no_freeze_is_looked_at() -> None:
    plan = build_plan([weights(5)], policy=Policy(freeze=(ALWAYS,)))

    assert codes(lint_freeze(plan, KNOWN)) == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([weights(100), BAKE, WORD, RETIRE], ["RetireWithoutProof"]),
        ([weights(100), BAKE, PROOF, RETIRE], ["RetireWithoutApproval"]),
        ([weights(100), WORD, PROOF, RETIRE], ["RetireAtOnce"]),
        ([weights(50), WORD, PROOF, RETIRE], ["RetireAtOnce", "RetireWithHosts"]),
        ([WORD, PROOF, RETIRE], ["RetireAtOnce", "RetireWithHosts"]),
        ([weights(100)], []),
    ],
    ids=["no proof", "no word", "no time", "half on blue", "all on blue", "not retired"],
)
def test_a_cluster_goes_only_after_time_a_word_and_proof(
    steps: list[Step], expected: list[str]
) -> None:
    assert codes(lint_retirement(build_plan(steps), KNOWN)) == expected


def test_a_host_that_stays_on_blue_keeps_blue() -> None:
    split = Split(GREEN.default, {"a.test": Weights.all_to(Cluster.BLUE)})
    partial = replace(weights(100), args={"split": render_split(split)})

    found = lint_retirement(build_plan([partial, BAKE, WORD, PROOF, RETIRE]), KNOWN)

    assert codes(found) == ["RetireWithHosts"]
