"""Takes a gateway over from AGIC: AGIC to sleep, silence proven, two tags written.

Nothing that serves changes here. Our first table, sent by the next runtime, replaces AGIC's objects
by ours in one update; the plan shows what that will be.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from bascule.app.gateways.adopted import Adopted, join_controllers, keep_adopted, load_adopted
from bascule.app.gateways.agic import (
    AddOn,
    AgicFound,
    Controller,
    Tell,
    disable_add_on,
    find_agic,
    put_to_sleep,
)
from bascule.app.gateways.before import keep_before
from bascule.app.gateways.hands import Hands
from bascule.app.gateways.rehearsals import Rehearsal, keep_rehearsal
from bascule.app.gateways.silence import Silence
from bascule.azure.document import Document, object_at
from bascule.checks.inventory import Inventory
from bascule.errors import InvariantError
from bascule.gateway.appgw.adoption import (
    Exchange,
    adopt_document,
    count_of_agic,
    find_agic_prefixes,
    plan_exchange,
)
from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.ownership import adoption_of, owner_of, owns_of
from bascule.routing.model import Problem, Severity

EVERY_HOST = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator says of a take-over."""

    agic_prefix: str | None = None
    """What AGIC's names begin with; None: as the names tell."""
    dropped: Collection[str] = ()
    """Hosts that nobody needs any more; `all` is every one."""
    may_disable_add_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionPlan:
    """What a take-over would do, and what stands against it."""

    gateway_id: str
    agic_prefix: str
    is_done: bool
    """Whether the gateway bears the tags already."""
    objects: Mapping[str, int]
    """How many are AGIC's, by collection."""
    found: AgicFound
    exchange: Exchange
    """What our first table will make of the gateway."""
    problems: tuple[Problem, ...]
    """What of the clusters' objects we cannot serve as they ask."""
    blockers: tuple[str, ...]

    @property
    def awake(self) -> tuple[Controller, ...]:
        """The controllers that are to be put to sleep."""
        return tuple(each for each in self.found.controllers if each.replicas)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.is_done and not self.awake and not self.found.add_ons

    @property
    def gist(self) -> tuple[object, ...]:
        """What a person agrees to."""
        return (
            self.agic_prefix,
            self.is_done,
            self.objects,
            self.found,
            self.exchange.gist,
            self.blockers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What a take-over did."""

    asleep: tuple[Controller, ...]
    disabled: tuple[AddOn, ...]
    took_s: float | None
    """How long the update took that wrote the tags; None: they were there."""


async def plan_adoption(hands: Hands, wish: Wish) -> AdoptionPlan:
    """Return what a take-over would do. Raises ApiError, TransportError, DriverError."""
    document = await hands.read()
    tags = object_at(document, "tags")
    prefixes = find_agic_prefixes(document)
    said = wish.agic_prefix if wish.agic_prefix is not None else adoption_of(tags)
    prefix = said if said is not None else next(iter(prefixes), "")
    tagged = adopt_document(document, owner=hands.settings.owner, agic_prefix=prefix)
    owns = owns_of(
        object_at(tagged, "tags"), prefix=hands.settings.prefix, owner=hands.settings.owner
    )
    found = await find_agic(hands.client, hands.there, document)
    inventory = await hands.fetch_inventory()
    objects = count_of_agic(document, prefix)
    owner = owner_of(tags)
    is_foreign = owner not in {"", hands.settings.owner}
    after, part = (document, None) if is_foreign else hands.put_table(tagged, inventory, owns)
    exchange = plan_exchange(document, after, owns)
    blockers = [
        *_judge_gateway(owner if is_foreign else "", objects, prefixes, prefix),
        *judge_agic(found, wish),
        *_judge_clusters(inventory),
        *judge_exchange(exchange, wish.dropped),
    ]
    of_gateway = part.problems if part is not None else ()
    return AdoptionPlan(
        gateway_id=hands.settings.gateway_id,
        agic_prefix=prefix,
        is_done=owner == hands.settings.owner and adoption_of(tags) == prefix,
        objects=objects,
        found=found,
        exchange=exchange,
        problems=tuple(
            each
            for each in (*inventory.routes.problems, *of_gateway)
            if each.severity is Severity.ERROR
        ),
        blockers=tuple(blockers),
    )


def _judge_gateway(
    foreign_owner: str, objects: Mapping[str, int], prefixes: tuple[str, ...], prefix: str
) -> Iterator[str]:
    if foreign_owner:
        yield (
            f"the gateway is tagged as {foreign_owner}, that of another Bascule: release it there"
        )
    if not objects:
        yield (
            "no object on the gateway has a name as AGIC gives them: there is nothing to take over,"
            " and `bascule run` shares the gateway as it is"
        )
    others = [repr(each) for each in prefixes if each != prefix]
    if others:
        yield (
            f"objects of several AGICs are on it: with {prefix!r} before their names and with"
            f" {', '.join(others)}; say which with --agic-prefix, and stop the others by hand"
        )


def judge_agic(found: AgicFound, wish: Wish) -> Iterator[str]:
    """Yield why AGIC cannot be put to sleep, as far as people can do something about it."""
    yield from found.obstacles
    for each in found.add_ons:
        if each.owns_gateway:
            yield (
                f"the add-on of {each.name} made this gateway, in the cluster's own resource group:"
                " both go with the add-on or the cluster; make a gateway of your own and move to it"
            )
        elif each.is_identity_used:
            yield (
                f"the gateway reads certificates as the identity of the add-on of {each.name},"
                " which goes with it: give the gateway an identity of its own first"
            )
        elif not wish.may_disable_add_on:
            yield (
                f"the add-on ingressApplicationGateway of {each.name} writes the gateway: say"
                " --disable-add-on; the gateway stays, the add-on's identity goes"
            )


def _judge_clusters(inventory: Inventory) -> Iterator[str]:
    for cluster, facts in inventory.clusters.items():
        if not facts.is_awaited and not facts.snapshot.is_complete:
            yield f"{cluster} was not read whole, so what it serves is not known: {facts.reason}"


def judge_exchange(exchange: Exchange, dropped: Collection[str]) -> Iterator[str]:
    """Yield what of an exchange nobody may want."""
    for line in exchange.touched:
        yield f"it would change what is somebody else's: {line}"
    for host in exchange.lost:
        if host not in dropped and EVERY_HOST not in dropped:
            yield (
                f"{host} is served now and would be by nobody: check its Ingress and its class, or"
                f" say --drop {host}"
            )


async def adopt_gateway(
    hands: Hands, plan: AdoptionPlan, *, silence_s: float, tell: Tell
) -> Adoption:
    """Do what a plan without blockers says. It may be said again: it goes on where it was."""
    document = await hands.read()
    kept = load_adopted(hands.state_dir, hands.settings.gateway_id)
    if not plan.is_done or kept is None:
        keep_before(document, hands.state_dir.gateway_before)
    keep_adopted(hands.state_dir, _build_adopted(document, plan, kept))
    for controller in plan.found.controllers:
        client = hands.clients[controller.cluster]
        await put_to_sleep(controller, client, clock=hands.clock, tell=tell)
    for add_on in plan.found.add_ons:
        await disable_add_on(hands.client, add_on, tell=tell)
    if silence_s:
        silence = Silence(
            client=hands.client, gateway_id=plan.gateway_id, clock=hands.clock, tell=tell
        )
        await silence.prove(silence_s)
    took_s = await _write_tags(hands, plan)
    return Adoption(asleep=plan.awake, disabled=plan.found.add_ons, took_s=took_s)


def _build_adopted(document: Document, plan: AdoptionPlan, kept: Adopted | None) -> Adopted:
    """Return what is to be remembered; of an earlier try what that has changed since."""
    add_ons = [each.cluster_id for each in plan.found.add_ons]
    former = () if kept is None else kept.controllers
    return Adopted(
        agic_prefix=plan.agic_prefix,
        document=kept.document if kept is not None and plan.is_done else document,
        controllers=join_controllers(plan.found.controllers, former),
        add_ons=tuple(dict.fromkeys([*(() if kept is None else kept.add_ons), *add_ons])),
    )


async def _write_tags(hands: Hands, plan: AdoptionPlan) -> float | None:
    """Write the document as it is with our tags; return how long that took, if it was sent."""
    owner, prefix = hands.settings.owner, plan.agic_prefix

    def change(document: Document) -> Document:
        tagged = adopt_document(document, owner=owner, agic_prefix=prefix)
        changed = [c.name for c in diff_documents(document, tagged, owns) if not c.is_ours]
        if changed:
            raise InvariantError(f"the tags alone would change {', '.join(changed)}")
        return tagged

    owns = hands.owns(await hands.read())
    written = await hands.writer(owns).write(change)
    if not written.is_sent:
        return None
    took_s = written.done_s - written.sent_s
    keep_rehearsal(hands.state_dir, Rehearsal(at=hands.clock.now(), took_s=took_s))
    return took_s
