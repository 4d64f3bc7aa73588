"""Checks that the caller may do, at each scope, what an upgrade will have to do there.

To write a gateway takes rights on what it stands in and uses: its subnet, addresses, identities and
policies. Without them ARM answers LinkedAuthorizationFailed in the middle of an upgrade.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bascule.checks.azure import actions
from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AksFacts, AzureFacts
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.ids import name_of, resource_group_id
from bascule.checks.azure.permissions import allows
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding
from bascule.checks.text import render_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one caller does in an upgrade, and the role that it takes."""

    purpose: str
    role: str


MAKING = Part(purpose="to make green", role="provisioner")
WRITING = Part(purpose="to write the gateway", role="gateway-writer")
REMOVING = Part(purpose="to remove blue", role="decommissioner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """An action that an upgrade takes at a scope, and what for; the first of a part is its core."""

    scope: str
    action: str
    part: Part


def list_needs(
    gateway: GatewayFacts | Unreadable, blue: AksFacts | Unreadable, green: AksFacts | Unreadable
) -> tuple[Need, ...]:
    """Return what an upgrade has to be allowed, in the order in which it is done."""
    found: list[Need] = []
    if isinstance(green, AksFacts) and not green.exists:
        found += _to_make(green)
    if isinstance(gateway, GatewayFacts):
        found += _to_write(gateway)
    if isinstance(blue, AksFacts):
        found += _to_remove(blue)
    return tuple(found)


def check_rights(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each scope where the caller lacks a right that goes with its part.

    Who may not make a cluster, or write the gateway, is not the one who will: then a warning says
    that nothing is known of that one. What it takes to remove blue is given when blue is to go.
    """
    needs = list_needs(facts.gateway, facts.blue, facts.green)
    found: list[Finding] = []
    for part in (MAKING, WRITING):
        own = [need for need in needs if need.part is part]
        known = [
            (need, allows(held, need.action))
            for need in own
            if not isinstance(held := facts.permissions.get(need.scope.lower(), ()), Unreadable)
        ]
        if not known or known[0][0] is not own[0]:
            continue  # what cannot be read is another check's find
        if not known[0][1]:
            found.append(_unknown_runner(part))
        else:
            found += _missing([need for need, is_allowed in known if not is_allowed])
    return tuple(found)


def _to_make(green: AksFacts) -> Iterator[Need]:
    group = resource_group_id(green.id)
    yield Need(scope=group, action=actions.WRITE_CLUSTER, part=MAKING)
    subnets = {(pool.subnet_id, pool.pod_subnet_id) for pool in green.pools}
    for subnet_id in sorted({each for pair in subnets for each in pair if each}):
        yield Need(scope=subnet_id, action=actions.JOIN_SUBNET, part=MAKING)
        yield Need(scope=subnet_id, action=actions.WRITE_ASSIGNMENT, part=MAKING)
    for identity_id in green.identity_ids:
        yield Need(scope=identity_id, action=actions.ASSIGN_IDENTITY, part=MAKING)


def _to_write(gateway: GatewayFacts) -> Iterator[Need]:
    yield Need(scope=gateway.id, action=actions.WRITE_GATEWAY, part=WRITING)
    if gateway.subnet_id:
        yield Need(scope=gateway.subnet_id, action=actions.JOIN_SUBNET, part=WRITING)
    for ip_id in gateway.public_ip_ids:
        yield Need(scope=ip_id, action=actions.JOIN_ADDRESS, part=WRITING)
    for identity_id in gateway.identity_ids:
        yield Need(scope=identity_id, action=actions.ASSIGN_IDENTITY, part=WRITING)
    for policy_id in gateway.waf_policy_ids:
        yield Need(scope=policy_id, action=actions.JOIN_WAF_POLICY, part=WRITING)


def _to_remove(blue: AksFacts) -> Iterator[Need]:
    if blue.exists:
        yield Need(scope=blue.id, action=actions.STOP_CLUSTER, part=REMOVING)
        yield Need(scope=blue.id, action=actions.DELETE_CLUSTER, part=REMOVING)


def _missing(needs: list[Need]) -> Iterator[Finding]:
    by_scope: dict[str, list[Need]] = {}
    for need in needs:
        by_scope.setdefault(need.scope, []).append(need)
    for scope, lacking in by_scope.items():
        names = render_names([need.action for need in lacking], "actions")
        part = lacking[0].part
        yield blocker(
            "RightsMissing",
            "platform",
            f"the caller may not do {names} on {name_of(scope)}, which it takes {part.purpose}:"
            " Azure would answer AuthorizationFailed or LinkedAuthorizationFailed in the middle of"
            " the upgrade",
            f"give it the role that `bascule rights --role {part.role}` prints, at this scope",
        )


def _unknown_runner(part: Part) -> Finding:
    return warning(
        "RunnerUnknown",
        "platform",
        f"the caller has no right {part.purpose}, so that nothing is known of the rights of the one"
        " who will",
        f"let that one run `bascule rights --role {part.role} --check`",
    )
