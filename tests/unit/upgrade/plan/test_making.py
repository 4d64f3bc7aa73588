from dataclasses import replace

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.spec.load import parse_upgrade
from bascule.upgrade.plan.facts import PlatformFacts
from bascule.upgrade.plan.making import (
    EXTENSION,
    find_overlays,
    plan_making,
    plan_removal,
    plan_stopping,
)
from bascule.upgrade.plan.model import Plan, StepKind
from bascule.upgrade.plan.planner import plan_upgrade
from bascule.upgrade.run.stages import Stage
from tests.support.planning import KNOWN, keys_of, lint_codes
from tests.support.specs import read_upgrade

AZURE = """\
name: up
platform:
  type: azure
  file: platform.yaml
  blue: {kubeconfig: kube/old.yaml}
  green: {kubeconfig: kube/new.yaml}
gateway: {name: shop}
"""
PLATFORM = PlatformFacts(
    make={"name": "new"},
    remove={"name": "old"},
    make_s=304.0,
    stop_s=250.0,
    start_s=252.0,
    remove_s=187.0,
)
FACTS = replace(KNOWN, platform=PLATFORM)


def plan_of(more: str = "", platform: PlatformFacts | None = PLATFORM) -> Plan:
    spec = parse_upgrade(AZURE.replace("gateway:", f"{more}gateway:"), "upgrade.yaml", str)
    return plan_upgrade(spec, replace(KNOWN, platform=platform))


def test_green_is_made_before_it_is_waited_for() -> None:
    plan = plan_of()

    assert keys_of(plan)[:3] == ["preflight", "make-green", "provision-green"]
    made = plan.step("make-green")
    assert made is not None
    assert made.stage is Stage.PROVISION
    assert made.args == {"cluster": "green", "platform": {"name": "new"}, "is_kept": False}
    assert made.title == "green (new) is made beside blue"
    assert made.reason.endswith("a rollback removes it again")
    assert made.estimate_s == 304.0


def test_what_is_made_may_be_kept_and_may_have_a_title_of_its_own() -> None:
    plan = plan_of("  keepGreen: true\n", replace(PLATFORM, make_title="green (new) with 3 nodes"))

    made = plan.step("make-green")
    assert made is not None
    assert made.args["is_kept"] is True
    assert made.reason.endswith("a rollback leaves it")
    assert made.title == "green (new) with 3 nodes"


def test_a_green_that_is_there_already_is_not_made() -> None:
    keys = keys_of(plan_of(platform=replace(PLATFORM, make={})))

    assert "make-green" not in keys
    assert "remove-blue" in keys


def test_blue_is_stopped_for_a_while_before_it_is_taken_out_and_removed() -> None:
    plan = plan_of()

    assert keys_of(plan)[-5:] == [
        "retire-idle",
        "stop-blue",
        "stopped-hold",
        "retire-blue",
        "remove-blue",
    ]
    stop, hold, _, remove = plan.steps[-4:]
    assert (stop.stage, stop.kind) == (Stage.BAKE, StepKind.STOP_CLUSTER)
    assert "it can be started again in about 4m12s" in stop.reason
    assert hold.args["hold_s"] == 3_600.0
    assert (remove.stage, remove.kind) == (Stage.RETIRE, StepKind.REMOVE_CLUSTER)
    assert remove.args == stop.args == {"cluster": "blue", "platform": {"name": "old"}}
    assert lint_codes(plan) == []


def test_the_time_in_which_blue_is_stopped_may_be_none_and_its_start_unknown() -> None:
    plan = plan_of("  stopped: 0s\n", replace(PLATFORM, start_s=None))

    assert "stopped-hold" not in keys_of(plan)
    stop = plan.step("stop-blue")
    assert stop is not None
    assert stop.reason.endswith("started again")


def test_clusters_that_exist_are_neither_made_nor_removed() -> None:
    spec = read_upgrade()

    for facts in (KNOWN, FACTS):
        steps = (*plan_making(spec, facts), *plan_stopping(spec, facts), *plan_removal(spec, facts))
        assert steps == ()


def test_a_plan_tells_whom_the_overlay_of_what_it_makes_has_to_let_in() -> None:
    made: dict[str, Json] = {**PLATFORM.make, EXTENSION: ["10.240.0.0/24"]}

    assert find_overlays(plan_of()) == {}
    assert find_overlays(plan_of(platform=None)) == {}
    assert find_overlays(plan_of(platform=replace(PLATFORM, make=made))) == {
        Cluster.GREEN: ("10.240.0.0/24",)
    }
