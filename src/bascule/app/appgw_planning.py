"""What a plan asks of the Application Gateway that it would write; nothing is written."""

import os

from bascule.app.gateways.appgw import build_settings
from bascule.app.gateways.looking import fetch_appgw_facts
from bascule.azure.opening import find_subscription, open_azure
from bascule.checks.appgw.facts import AppGwFacts
from bascule.clock import Clock
from bascule.gateway.appgw.abilities import IDLE_UPDATES
from bascule.gateway.driver import UpdateTimes
from bascule.routing.model import RoutingTable
from bascule.spec.appgw import AppGwGateway
from bascule.spec.gateway import Gateway


async def fetch_planned_facts(
    gateway: Gateway,
    spec: AppGwGateway,
    table: RoutingTable,
    *,
    update: UpdateTimes | None,
    clock: Clock,
) -> AppGwFacts:
    """Return how the gateway is, and whether our part under `table` has its place there.

    Raises UsageError where nothing says who asks, or in which subscription.
    """
    gateway_id = spec.gateway_id(find_subscription(os.environ, spec.subscription))
    settings = build_settings(gateway, spec, gateway_id=gateway_id)
    async with open_azure(os.environ, clock=clock, cloud=spec.cloud) as azure:
        return await fetch_appgw_facts(
            azure.client, settings, update=update or IDLE_UPDATES, table=table
        )
