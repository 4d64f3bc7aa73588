from dataclasses import replace

import pytest

from bascule.routing.model import RouteSet
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.gates.encoding import parse_gates
from bascule.upgrade.plan.approach import plan_approach
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.holding import plan_judging
from bascule.upgrade.plan.model import Step
from tests.support.orders import shop_routes
from tests.support.planning import KNOWN
from tests.support.specs import read_upgrade

PLAIN = ["preflight", "provision-green", "sync", "preview-on"]
CHECK = "analysis: {checks: [{name: smoke, type: command, run: [./smoke.sh]}]}\n"


def approach(text: str = "", facts: Facts = KNOWN) -> list[Step]:
    spec: Upgrade = read_upgrade(text)
    return list(plan_approach(spec, facts, plan_judging(spec, facts)))


def keys(text: str = "") -> list[str]:
    return [step.key for step in approach(text)]


def step_of(text: str, key: str, facts: Facts = KNOWN) -> Step:
    return next(step for step in approach(text, facts) if step.key == key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", PLAIN),
        ("preview: off\n", PLAIN[:3]),
        ("mirror: {}\n", [*PLAIN, "mirror-on", "verify", "mirror-off"]),
        (CHECK, [*PLAIN, "verify"]),
        ("verify: {hold: 5m}\n", [*PLAIN, "verify"]),
        ("verify: {approval: true}\n", [*PLAIN, "verify-approval"]),
    ],
    ids=["plain", "no preview", "mirror", "check", "time", "approval"],
)
def test_only_what_the_spec_asks_for_is_planned(text: str, expected: list[str]) -> None:
    assert keys(text) == expected


def test_hooks_stand_at_their_places() -> None:
    hooks = "hooks: [{name: a, after: sync, run: [a]}, {name: b, after: verify, run: [b]}]\n"

    assert keys(hooks) == [*PLAIN[:3], "hook-a", "preview-on", "hook-b"]


def test_mirrored_traffic_is_judged_for_the_longer_of_both_times() -> None:
    step = step_of("mirror: {hold: 2m}\nverify: {hold: 30s}\n", "verify")

    assert step.args["hold_s"] == 120.0
    assert parse_gates(step.args["gates"]).has_traffic


def test_without_mirroring_only_checks_are_judged() -> None:
    step = step_of(CHECK, "verify")

    assert step.args["hold_s"] == 30.0
    assert not parse_gates(step.args["gates"]).has_traffic


@pytest.mark.parametrize(
    ("hosts", "awaited", "excluded"),
    [
        ("", [], []),
        ("hosts: {include: [a.test, b.test], exclude: [b.test]}\n", ["a.test"], []),
        ("hosts: {exclude: [b.test]}\n", [], ["b.test"]),
    ],
    ids=["all", "included", "all but"],
)
def test_green_is_waited_for_as_far_as_traffic_moves(
    hosts: str, awaited: list[str], excluded: list[str]
) -> None:
    step = step_of(f"{hosts}retire: {{policy: never}}\nsync: {{timeout: 1h}}\n", "sync")

    assert step.args == {
        "cluster": "green",
        "timeout_s": 3_600.0,
        "hosts": awaited,
        "exclude": excluded,
    }


@pytest.mark.parametrize(
    ("routes", "hosts", "estimate_s"),
    [
        (None, "", None),
        (shop_routes(), "", 1.0),
        (shop_routes(green=False), "", None),
        (shop_routes(green=False), "hosts: {include: [a.test]}\n", 1.0),
        (shop_routes(blue=False, green=False), "", 1.0),
    ],
    ids=["not known", "ready", "not ready", "of others", "of nobody"],
)
def test_the_wait_can_be_told_only_when_it_is_over(
    routes: RouteSet | None, hosts: str, estimate_s: float | None
) -> None:
    facts = replace(KNOWN, routes=routes)

    step = step_of(f"{hosts}retire: {{policy: never}}\n", "sync", facts)

    assert step.estimate_s == estimate_s
