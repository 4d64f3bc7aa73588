"""Checks on the gateway itself: of a kind that can be steered, running, and in one piece."""

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding
from bascule.checks.text import render_names

V2_TIERS = ("standard_v2", "waf_v2")


def check_gateway(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return why the gateway cannot be steered, and what it serves now."""
    gateway = facts.gateway
    if isinstance(gateway, Unreadable):
        return ()
    return judge_gateway(gateway)


def judge_gateway(gateway: GatewayFacts) -> tuple[Finding, ...]:
    """Return why a gateway that could be read cannot be steered."""
    found = [_check_tier(gateway), _check_running(gateway), _check_state(gateway)]
    return tuple(finding for finding in found if finding is not None)


def _check_tier(gateway: GatewayFacts) -> Finding | None:
    if gateway.tier.lower() in V2_TIERS:
        return None
    return blocker(
        "GatewayTier",
        "gateway",
        f"{gateway.name} is of the tier {gateway.tier or '(not told)'}: Bascule steers Standard_v2"
        " and WAF_v2",
        "migrate it to v2, or put a new gateway in front",
    )


def _check_running(gateway: GatewayFacts) -> Finding | None:
    if gateway.is_running:
        return None
    return blocker(
        "GatewayStopped",
        "gateway",
        f"{gateway.name} is stopped: it serves nobody, and the first write would start it",
        f"start it: az network application-gateway start -n {gateway.name}",
    )


def _check_state(gateway: GatewayFacts) -> Finding | None:
    if gateway.state.lower() == "succeeded":
        return None
    if gateway.state.lower() == "failed":
        return blocker(
            "GatewayFailed",
            "gateway",
            f"the last write to {gateway.name} failed: its instances may not agree with its"
            f" document, on which {_hosts(gateway)} depend",
            "read why in its activity log, correct it, and see that it says Succeeded",
        )
    return warning(
        "GatewayBusy",
        "gateway",
        message=f"{gateway.name} is {gateway.state}: somebody writes to it now",
        remedy="wait until it says Succeeded, and find out who writes",
    )


def _hosts(gateway: GatewayFacts) -> str:
    return render_names(gateway.hosts, "hosts") or "all its hosts"
