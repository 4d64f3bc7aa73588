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
class Need:
    """An action that an upgrade takes at a scope, and what for."""

    scope: str
    action: str
    purpose: str


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
    """Return a blocker for each scope where a caller that may write lacks a right.

    A caller that may do none of it is one that only looks: then a warning says that nothing is
    known of the one who will run the upgrade.
    """
    needs = list_needs(facts.gateway, facts.blue, facts.green)
    known = [
        (need, allows(held, need.action))
        for need in needs
        if not isinstance(held := facts.permissions.get(need.scope.lower(), ()), Unreadable)
    ]
    if not known:
        return ()
    if not any(is_allowed for _, is_allowed in known):
        return (_only_reads(),)
    return tuple(_missing([need for need, is_allowed in known if not is_allowed]))


def _to_make(green: AksFacts) -> Iterator[Need]:
    group = resource_group_id(green.id)
    yield Need(scope=group, action=actions.WRITE_CLUSTER, purpose="to make green")
    subnets = {(pool.subnet_id, pool.pod_subnet_id) for pool in green.pools}
    for subnet_id in sorted({each for pair in subnets for each in pair if each}):
        yield Need(scope=subnet_id, action=actions.JOIN_SUBNET, purpose="to put nodes there")
        yield Need(
            scope=subnet_id, action=actions.WRITE_ASSIGNMENT, purpose="to give green its rights"
        )
    for identity_id in green.identity_ids:
        yield Need(scope=identity_id, action=actions.ASSIGN_IDENTITY, purpose="to run green as it")


def _to_write(gateway: GatewayFacts) -> Iterator[Need]:
    why = "to write the gateway"
    yield Need(scope=gateway.id, action=actions.WRITE_GATEWAY, purpose=why)
    if gateway.subnet_id:
        yield Need(scope=gateway.subnet_id, action=actions.JOIN_SUBNET, purpose=why)
    for ip_id in gateway.public_ip_ids:
        yield Need(scope=ip_id, action=actions.JOIN_ADDRESS, purpose=why)
    for identity_id in gateway.identity_ids:
        yield Need(scope=identity_id, action=actions.ASSIGN_IDENTITY, purpose=why)
    for policy_id in gateway.waf_policy_ids:
        yield Need(scope=policy_id, action=actions.JOIN_WAF_POLICY, purpose=why)


def _to_remove(blue: AksFacts) -> Iterator[Need]:
    if blue.exists:
        yield Need(scope=blue.id, action=actions.STOP_CLUSTER, purpose="to stop blue")
        yield Need(scope=blue.id, action=actions.DELETE_CLUSTER, purpose="to delete blue")


RETIRING = frozenset({actions.STOP_CLUSTER, actions.DELETE_CLUSTER})
"""Given only when blue is to go, by the role decommissioner; their absence before is right."""


def _missing(needs: list[Need]) -> Iterator[Finding]:
    by_scope: dict[str, list[Need]] = {}
    for need in needs:
        if need.action not in RETIRING:
            by_scope.setdefault(need.scope, []).append(need)
    for scope, lacking in by_scope.items():
        names = render_names([need.action for need in lacking], "actions")
        yield blocker(
            "RightsMissing",
            "platform",
            f"the caller may not do {names} on {name_of(scope)}, which it takes"
            f" {lacking[0].purpose}: Azure would answer AuthorizationFailed or"
            " LinkedAuthorizationFailed in the middle of the upgrade",
            "give it the role that `bascule rights` prints, at this scope",
        )


def _only_reads() -> Finding:
    return warning(
        "CallerOnlyReads",
        "platform",
        "the caller may only read, so that nothing is known of what the one who runs the upgrade"
        " may do",
        "let that one run `bascule rights --role gateway-writer --check`, and the same for the"
        " provisioner if green is to be made",
    )
