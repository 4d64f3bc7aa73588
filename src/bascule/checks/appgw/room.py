"""Checks whether our part has its place on the gateway, and what of the routes is left out."""

from collections.abc import Iterator

from bascule.checks.appgw.facts import AppGwFacts, Room
from bascule.checks.azure.blocking import warning
from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_count
from bascule.routing.model import Problem

NEAR_PERCENT = 90
NAMED_MAX = 20
"""How many objects are told of one by one."""


def check_room(inventory: Inventory) -> tuple[Finding, ...]:
    """Return which limits are near, and what the gateway would not serve."""
    return () if inventory.appgw is None else tuple(_find(inventory.appgw))


def _find(facts: AppGwFacts) -> Iterator[Finding]:
    if facts.switch_by:
        yield _tell_switch(facts)
    yield from (_near(room) for room in facts.rooms if _is_near(room))
    yield from (_left_out(problem) for problem in facts.left_out[:NAMED_MAX])
    more = len(facts.left_out) - NAMED_MAX
    if more > 0:
        yield warning(
            "LeftOut",
            "gateway",
            f"the gateway cannot do all of {render_count(more, 'more object')}",
            "see `bascule render --gateway appgw` for all of them",
        )


def _tell_switch(facts: AppGwFacts) -> Finding:
    message = f"all routes change clusters by {facts.switch_by} ({facts.switch_by_why})"
    if facts.switch_by != "pools":
        return Finding(severity=Severity.INFO, code="SwitchBy", subject="gateway", message=message)
    return warning(
        "SwitchBy",
        "gateway",
        f"{message}: Azure Monitor does not tell the clusters apart then, so that without access "
        "logs no step can be judged by traffic and blue is not retired; the cluster without "
        "requests is not probed before a switch",
        "make room for rules: `backends: loadBalancer`, or a second gateway for some hosts",
    )


def _is_near(room: Room) -> bool:
    return (room.ours + room.others) * 100 >= room.limit * NEAR_PERCENT


def _near(room: Room) -> Finding:
    return warning(
        "GatewayNearlyFull",
        room.what,
        f"{room.what}: ours are {room.ours}, others have {room.others}, and Azure allows"
        f" {room.limit}",
        "share Services between Ingresses, say `backends: loadBalancer`, or take a second gateway",
    )


def _left_out(problem: Problem) -> Finding:
    if not problem.namespace:
        return warning("LeftOut", problem.name, f"{problem.message} ({problem.code})", "")
    where = f"{problem.namespace}/{problem.name}"
    return Finding(
        severity=Severity.WARNING,
        code="LeftOut",
        subject=where,
        message=f"{problem.cluster} {problem.kind} {where}: {problem.message} ({problem.code})",
        remedy="see `kubectl describe` of the object once Bascule runs",
    )
