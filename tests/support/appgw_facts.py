"""Application Gateways as the checks of an upgrade see them, for tests."""

from dataclasses import replace

from bascule.checks.appgw.facts import AppGwFacts
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.inventory import Inventory
from bascule.gateway.driver import UpdateTimes
from tests.support.inventories import inventory

UPDATE = UpdateTimes(median_s=8.0, p90_s=79.0, source="of 90 updates of idle gateways")
GATEWAY = GatewayFacts(
    id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw",
    name="gw",
    location="chinanorth2",
    tier="Standard_v2",
    counts={},
    identity_ids=("/id",),
)
FINE = AppGwFacts(gateway=GATEWAY, update=UPDATE)


def with_gateway(facts: AppGwFacts = FINE, seen: Inventory | None = None) -> Inventory:
    """Return two clusters behind this gateway."""
    return replace(seen or inventory(), appgw=facts)
