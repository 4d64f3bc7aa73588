from collections.abc import Iterator
from dataclasses import replace

import pytest

from bascule.checks.findings import Finding, Severity
from bascule.gateway.driver import Capabilities
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.routing.weights import Split, Weights
from bascule.upgrade.gates.model import Check, CheckType, Gates
from bascule.upgrade.plan.model import Step
from bascule.upgrade.plan.rules_of_traffic import (
    lint_capabilities,
    lint_checks,
    lint_mirror,
    lint_start,
)
from bascule.upgrade.run.stages import Stage
from tests.support.orders import BLUE, GREEN, percent
from tests.support.planning import ABLE, KNOWN, SLOW
from tests.support.plans import arrange, build_plan, by_host, hold, set_split, weights

PREVIEW = Arrangement(preview=Preview(header="x-preview"))
MIRROR = Arrangement(mirror=Mirror(share_bp=1_000))


def codes(found: Iterator[Finding]) -> list[str]:
    return [finding.code for finding in found]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (BLUE, []),
        (GREEN, ["TrafficOnGreen"]),
        (percent(10), ["TrafficSplit"]),
        (Split(BLUE.default, {"a.test": Weights(5_000)}), ["TrafficSplit"]),
    ],
    ids=["blue", "green", "split", "one host"],
)
def test_an_upgrade_begins_with_all_traffic_on_blue(split: Split, expected: list[str]) -> None:
    assert codes(lint_start(build_plan(), replace(KNOWN, split=split))) == expected


def test_a_retired_cluster_does_not_come_back() -> None:
    facts = replace(KNOWN, retired=frozenset({Cluster.GREEN}))

    assert codes(lint_start(build_plan(), facts)) == ["ClusterRetired"]


@pytest.mark.parametrize("retired", [frozenset(), frozenset({Cluster.BLUE})])
def test_after_an_upgrade_it_is_said_how_the_next_one_is_written(
    retired: frozenset[Cluster],
) -> None:
    facts = replace(KNOWN, retired=retired, split=GREEN)

    name = facts.clusters[Cluster.GREEN].name
    (found,) = lint_start(build_plan(), facts)

    assert found.code == "TrafficOnGreen"
    assert f"write {name}, which is green now, as blue" in found.remedy
    assert ("switch --to blue" in found.remedy) is (not retired)


@pytest.mark.parametrize(
    ("wanted", "able", "way"),
    [
        (PREVIEW, replace(ABLE, has_preview_by_header=False), "write `preview: off`"),
        (MIRROR, replace(ABLE, has_mirroring=False), "leave `mirror` out"),
        (
            Arrangement(affinity=Affinity()),
            replace(ABLE, has_sticky_sessions=False),
            "leave `stickySessions` out",
        ),
    ],
    ids=["preview", "mirror", "sticky"],
)
def test_what_the_gateway_cannot_do_is_a_blocker_that_names_the_way(
    wanted: Arrangement, able: Capabilities, way: str
) -> None:
    plan = build_plan([arrange("on", Stage.VERIFY, wanted)])

    (found,) = lint_capabilities(plan, replace(KNOWN, capabilities=able))

    assert (found.severity, found.code, found.remedy) == (
        Severity.BLOCKER,
        "CapabilityMissing",
        way,
    )
    assert codes(lint_capabilities(plan, KNOWN)) == []


def test_no_sticky_sessions_are_within_every_gateways_means() -> None:
    wanted = Arrangement(affinity=Affinity(kind=AffinityKind.NONE))
    unable = replace(KNOWN, capabilities=replace(ABLE, has_sticky_sessions=False))

    assert codes(lint_capabilities(build_plan([arrange("on", Stage.VERIFY, wanted)]), unable)) == []


def test_a_weight_finer_than_the_gateways_is_a_blocker() -> None:
    coarse = replace(KNOWN, capabilities=replace(ABLE, weight_step_bp=100))

    (found,) = lint_capabilities(build_plan([weights(0.5), weights(1)]), coarse)

    assert (found.code, found.subject) == ("WeightTooFine", "shift-0.5")
    assert found.message.startswith("this gateway splits by 1 % at the finest")


def test_a_host_that_goes_whole_is_never_too_fine() -> None:
    plan = build_plan([set_split("a", by_host("a.test")), set_split("b", GREEN)])

    assert codes(lint_capabilities(plan, SLOW)) == []


RICHER = "; or write `gateway: {type: appgw+envoy}`: Envoys behind this gateway can"


def test_where_hosts_only_move_whole_the_remedy_names_both_ways() -> None:
    (found,) = lint_capabilities(build_plan([weights(25), weights(100)]), SLOW)

    assert (found.code, found.subject) == ("WeightTooFine", "shift-25")
    assert found.message == (
        "this gateway sends all requests of a host to one cluster, and shift-25 asks for 25 %"
    )
    assert found.remedy == f"move whole hosts (`- hosts: [...]`) before `- weight: 100`{RICHER}"


@pytest.mark.parametrize(
    ("wanted", "way"),
    [
        (PREVIEW, "write `preview: off`"),
        (MIRROR, "leave `mirror` out"),
        (Arrangement(affinity=Affinity(kind=AffinityKind.HEADER)), "keep them by a cookie"),
    ],
    ids=["preview", "mirror", "header"],
)
def test_what_only_a_richer_gateway_can_do_is_refused_with_its_name(
    wanted: Arrangement, way: str
) -> None:
    (found,) = lint_capabilities(build_plan([arrange("on", Stage.VERIFY, wanted)]), SLOW)

    assert (found.code, found.remedy) == ("CapabilityMissing", way + RICHER)


def test_a_check_that_no_header_leads_to_green_is_told_of_other_ways() -> None:
    (found,) = lint_checks(build_plan([checked(CheckType.HTTP)]), SLOW)

    assert found.remedy == f"ask by a check of another type{RICHER}"


def test_mirroring_repeats_what_changes_something() -> None:
    steps = [arrange("mirror-on", Stage.VERIFY, MIRROR), arrange("off", Stage.VERIFY, PREVIEW)]

    assert codes(lint_mirror(build_plan(steps), KNOWN)) == ["MirrorRepeatsWrites"]


def checked(kind: CheckType, **args: Json) -> Step:
    check = Check(name="front", type=kind, args=args)
    return hold("verify", Stage.VERIFY, 30, Gates(has_traffic=False, checks=(check,)))


def test_an_http_check_needs_the_preview() -> None:
    (plain,) = lint_checks(build_plan([checked(CheckType.HTTP)]), KNOWN)
    (twin,) = lint_checks(build_plan([checked(CheckType.HTTP, same_as_blue=True)]), KNOWN)

    assert "asks green by the preview header" in plain.message
    assert plain.remedy == "leave `preview: off` out, or the check"
    assert "compares green with blue by the preview header" in twin.message


def test_other_checks_need_none() -> None:
    assert codes(lint_checks(build_plan([checked(CheckType.COMMAND)]), KNOWN)) == []


def test_with_a_preview_an_http_check_reaches_green() -> None:
    steps = [arrange("preview-on", Stage.VERIFY, PREVIEW), checked(CheckType.HTTP)]

    assert codes(lint_checks(build_plan(steps), KNOWN)) == []
