"""Looks at an Application Gateway as checks see it; nothing is written."""

import asyncio
from dataclasses import replace

from bascule.app.gateways.front import Divider, Tier
from bascule.azure.document import Document, object_at
from bascule.checks.appgw.facts import AppGwFacts, Room
from bascule.checks.azure.unreadable import Unreadable
from bascule.gateway.appgw.abilities import IDLE_UPDATES
from bascule.gateway.appgw.limits import KINDS, headroom
from bascule.gateway.appgw.merge import read_facts
from bascule.gateway.appgw.part import CERTIFICATES
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, Limits
from bascule.gateway.appgw.translate.choice import SWITCHED_BY_POOLS
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.driver import UpdateTimes
from bascule.gateway.ownership import owner_of, owns_of
from bascule.inventory.azure.asking import Asker, Reads
from bascule.inventory.azure.gateway_certificates import read_certificates
from bascule.inventory.azure.gateways import read_gateway
from bascule.routing.model import RoutingTable


async def fetch_appgw_facts(
    client: Reads,
    settings: AppGwSettings,
    *,
    update: UpdateTimes = IDLE_UPDATES,
    table: RoutingTable | None = None,
) -> AppGwFacts:
    """Return how the gateway is; with a table also whether our part under it has its place."""
    name = settings.gateway_id.rpartition("/")[2]
    document = await Asker(client).get(f"the gateway {name}", settings.gateway_id)
    if isinstance(document, Unreadable):
        return AppGwFacts(gateway=document, update=update)
    return await asyncio.to_thread(_describe, document, settings, update, table)


async def fetch_tier_facts(
    client: Reads,
    settings: AppGwSettings,
    tier: Tier,
    *,
    update: UpdateTimes = IDLE_UPDATES,
    table: RoutingTable | None = None,
) -> AppGwFacts:
    """Return how a gateway in front of Envoys is; with a table also what of it neither can do."""
    if table is None:
        facts = await fetch_appgw_facts(client, settings, update=update)
        return replace(facts, sends_to_pods=False)
    divided = Divider(tier).divide(table.routes, table.arrangement)
    facts = await fetch_appgw_facts(client, settings, update=update, table=divided.front_table)
    left_out = tuple(sorted({*divided.problems, *facts.left_out}))
    return replace(facts, sends_to_pods=False, left_out=left_out, switch_by="", switch_by_why="")


def _describe(
    document: Document, settings: AppGwSettings, update: UpdateTimes, table: RoutingTable | None
) -> AppGwFacts:
    tags = object_at(document, "tags")
    owner = owner_of(tags)
    owns = owns_of(tags, prefix=settings.prefix, owner=settings.owner)
    facts = AppGwFacts(
        gateway=read_gateway(document),
        update=update,
        foreign_owner=owner if owner != settings.owner else "",
        sends_to_pods=settings.backends is BackendsKind.PODS,
        certificates=read_certificates(document, lambda each: owns.is_ours(CERTIFICATES, each)),
    )
    if table is None:
        return facts
    known = read_facts(document, owns)
    part = Translator(settings).translate(table, known)
    found = headroom(part, known, settings.limits or Limits())
    rooms = [
        Room(what=KINDS[each.collection], ours=each.ours, others=each.others, limit=each.limit)
        for each in found
    ]
    return replace(
        facts,
        rooms=tuple(rooms),
        left_out=tuple(each for each in part.problems if each.code != SWITCHED_BY_POOLS),
        switch_by=part.choice.mechanism.value,
        switch_by_why=part.choice.why,
    )
