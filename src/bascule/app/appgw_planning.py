"""What a plan asks of the Application Gateway that it would write; nothing is written."""

import os
from dataclasses import replace

from bascule.app.gateways.appgw import build_place, build_settings
from bascule.app.gateways.front import build_tier
from bascule.app.gateways.looking import fetch_appgw_facts, fetch_tier_facts
from bascule.azure.opening import find_subscription, open_azure
from bascule.checks.appgw.facts import AppGwFacts
from bascule.clock import Clock
from bascule.gateway.appgw.abilities import IDLE_UPDATES
from bascule.gateway.appgw.access_logs import fetch_has_log
from bascule.gateway.driver import UpdateTimes
from bascule.routing.model import RoutingTable
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway
from bascule.spec.gateway import Gateway


async def fetch_planned_facts(
    gateway: Gateway,
    spec: AppGwGateway | AppGwEnvoyGateway,
    table: RoutingTable,
    *,
    update: UpdateTimes | None,
    clock: Clock,
) -> AppGwFacts:
    """Return how the gateway is, and whether our part under `table` has its place there.

    With Envoys behind it our part is what leads to them. Raises UsageError where nothing says who
    asks, or in which subscription.
    """
    gateway_id = spec.gateway_id(find_subscription(os.environ, spec.subscription))
    times = update or IDLE_UPDATES
    async with open_azure(os.environ, clock=clock, cloud=spec.cloud) as azure:
        if isinstance(spec, AppGwEnvoyGateway):
            place = build_place(gateway, spec, gateway_id=gateway_id)
            tier = build_tier(spec)
            return await fetch_tier_facts(azure.client, place, tier, update=times, table=table)
        settings = build_settings(gateway, spec, gateway_id=gateway_id)
        found = await fetch_appgw_facts(azure.client, settings, update=times, table=table)
        return replace(found, has_access_log=await fetch_has_log(azure.client, gateway_id))
