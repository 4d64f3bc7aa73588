"""Checks on the gateway's own limits: what it has, and whether green's twins still fit.

Limits are those that Azure documents for v2; a WAF with an old rule set has lower ones.
A switch in one write needs a twin, for green, of each pool and setting that a rule leads to.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AzureFacts, Backends
from bascule.checks.azure.gateway_facts import GatewayFacts, Part
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding

LIMITS: Mapping[Part, int] = MappingProxyType(
    {
        Part.POOLS: 100,
        Part.SETTINGS: 100,
        Part.LISTENERS: 200,
        Part.ACTIVE_LISTENERS: 100,
        Part.RULES: 400,
        Part.PORTS: 100,
        Part.CERTIFICATES: 100,
        Part.REDIRECTS: 100,
        Part.REWRITES: 400,
        Part.PATH_RULES: 100,
        Part.TARGETS: 1200,
        Part.HOSTS: 5,
    }
)
WAF_LIMIT = 40
"""Of pools, settings and active listeners, with the rule set CRS 3.1 or older."""
WAF_PARTS = (Part.POOLS, Part.SETTINGS, Part.ACTIVE_LISTENERS)
NEAR_PERCENT = 90


def check_headroom(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a finding for each limit that is passed, near, or in the way of green's twins."""
    gateway = facts.gateway
    if isinstance(gateway, Unreadable):
        return ()
    found = [_judge(gateway, part, facts.backends) for part in LIMITS]
    found.append(_judge_waf(gateway))
    return tuple(finding for finding in found if finding is not None)


def _judge(gateway: GatewayFacts, part: Part, backends: Backends) -> Finding | None:
    has, limit = gateway.counts.get(part, 0), LIMITS[part]
    said = f"{gateway.name} has {has} {part} of {limit} that Azure allows"
    if has > limit:
        return blocker(
            "GatewayFull",
            "gateway",
            message=f"{said}: every write to it will be refused",
            remedy=f"remove {part} that nothing uses, or take a second gateway",
        )
    twins = _twins(gateway, part, backends)
    if twins and has + twins > limit:
        return _too_many_twins(said, part, twins)
    if has * 100 >= limit * NEAR_PERCENT:
        return warning(
            "GatewayNearlyFull",
            "gateway",
            message=said,
            remedy=f"remove {part} that nothing uses before more are added",
        )
    return None


def _twins(gateway: GatewayFacts, part: Part, backends: Backends) -> int:
    """Return how many of a part green adds: none of what is not doubled."""
    if part is Part.TARGETS:
        return gateway.counts.get(part, 0) if backends is Backends.PODS else 0
    return gateway.used_counts.get(part, 0)


def _too_many_twins(said: str, part: Part, twins: int) -> Finding:
    if part is Part.TARGETS:
        message = f"{said}, and pods of both clusters in one pool would be {twins} more"
        remedy = "say `backends: loadBalancer`, or let pools of green stand beside blue's"
    else:
        message = f"{said}, and twins for green would be {twins} more"
        remedy = (
            "remove those that nothing uses, or let green's addresses take the place of blue's"
            " within each pool; services whose port, protocol or probe differs cannot do that"
        )
    return warning(
        "NoRoomForGreen",
        "gateway",
        message=message,
        remedy=remedy,
    )


def _judge_waf(gateway: GatewayFacts) -> Finding | None:
    if not gateway.tier.lower().startswith("waf"):
        return None
    over = [
        f"{gateway.counts[part]} {part}"
        for part in WAF_PARTS
        if gateway.counts.get(part, 0) + gateway.used_counts.get(part, 0) > WAF_LIMIT
    ]
    if not over:
        return None
    return warning(
        "WafLimit",
        "gateway",
        message=f"{gateway.name} is a WAF with {' and '.join(over)}: with green's twins more than"
        f" the {WAF_LIMIT} that it allows with the rule set CRS 3.1 or older",
        remedy="move its policy to CRS 3.2 or newer first",
    )
