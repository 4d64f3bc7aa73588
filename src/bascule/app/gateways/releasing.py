"""Gives a gateway back: ours out and AGIC's part in, by one update; then AGIC is woken up."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bascule.app.gateways.adopted import Adopted, find_file, load_adopted
from bascule.app.gateways.adopting import judge_exchange
from bascule.app.gateways.agic import Controller, Tell, wake
from bascule.app.gateways.before import put_aside
from bascule.app.gateways.hands import Hands
from bascule.azure.document import Document, object_at
from bascule.checks.inventory import Inventory
from bascule.errors import PlanError
from bascule.gateway.appgw.adoption import Exchange, plan_exchange
from bascule.gateway.appgw.giving_back import Addresses, GivenBack, find_addresses, give_back
from bascule.gateway.ownership import Owns, adoption_of, owner_of
from bascule.ids import Cluster
from bascule.routing.weights import Split

_NOTHING_KEPT = Adopted(agic_prefix="", document={})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """What giving back would do, and what stands against it."""

    gateway_id: str
    adopted: Adopted | None
    """What AGIC gets back; None: it was shared, and there is nothing to put back."""
    owns: Owns
    is_given: bool
    """Whether an earlier try has written it: then only AGIC is woken up."""
    now: Addresses
    """What AGIC's pools are to hold."""
    given: GivenBack
    exchange: Exchange
    blockers: tuple[str, ...]

    @property
    def asleep(self) -> tuple[Controller, ...]:
        """The controllers that are to be woken up, as they ran before."""
        found = () if self.adopted is None else self.adopted.controllers
        return tuple(each for each in found if each.replicas)

    @property
    def commands(self) -> tuple[str, ...]:
        """What a person types for what this verb does not do."""
        found = () if self.adopted is None else self.adopted.add_ons
        return tuple(
            f"az aks enable-addons -a ingress-appgw --ids {each} --appgw-id {self.gateway_id}"
            for each in found
        )

    @property
    def gist(self) -> tuple[object, ...]:
        """What a person agrees to; AGIC's pools get the addresses of the moment."""
        return (
            self.is_given,
            self.asleep,
            self.commands,
            self.given.as_kept,
            self.exchange.gist,
            self.blockers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What giving back did."""

    took_s: float | None
    """How long the update took; None: there was nothing to send."""
    woken: tuple[Controller, ...]


async def plan_release(hands: Hands, dropped: Collection[str]) -> ReleasePlan:
    """Return what giving back would do. Raises ApiError, TransportError, DriverError, PlanError."""
    document = await hands.read()
    adopted = load_adopted(hands.state_dir, hands.settings.gateway_id)
    owner = owner_of(object_at(document, "tags"))
    is_given = not owner and adopted is not None
    if owner != hands.settings.owner and not is_given:
        raise PlanError(
            f"the gateway is not ours: its tag names {owner or 'nobody'}",
            remedy="there is nothing to give back",
        )
    owns = hands.owns(document)
    kept = adopted or _NOTHING_KEPT
    whose = _whose(kept)
    now: Addresses = {}
    inventory = None
    if adopted is not None:
        inventory = await hands.fetch_inventory()
        now = find_addresses(kept.document, inventory.routes, whose, kept.agic_prefix)
    given = GivenBack(document=document)
    if not is_given:
        given = give_back(document, kept.document, owns, agic_prefix=kept.agic_prefix, now=now)
    exchange = plan_exchange(document, given.document, owns)
    blockers = [
        *_judge_kept(document, adopted),
        *_judge_traffic(hands.read_split(document), adopted, whose),
        *_judge_cluster(inventory, whose),
        *given.broken,
        *judge_exchange(exchange, dropped),
    ]
    return ReleasePlan(
        gateway_id=hands.settings.gateway_id,
        adopted=adopted,
        owns=owns,
        is_given=is_given,
        now=now,
        given=given,
        exchange=exchange,
        blockers=tuple(blockers),
    )


def _whose(kept: Adopted) -> Cluster:
    """Return the cluster whose AGIC it was; blue where only an add-on ran it."""
    running = [each.cluster for each in kept.controllers if each.replicas]
    return next((cluster for cluster in Cluster if cluster in running), Cluster.BLUE)


def _judge_kept(document: Document, adopted: Adopted | None) -> Iterator[str]:
    if adopted is None and adoption_of(object_at(document, "tags")) is not None:
        yield (
            "the gateway was taken over from AGIC, and what AGIC had is not in this state"
            " directory: name the one from which it was taken over with --state"
        )


def _judge_traffic(split: Split | None, adopted: Adopted | None, whose: Cluster) -> Iterator[str]:
    if adopted is None or split is None:
        return
    everyone = (split.default, *split.by_host.values())
    if any(weights.of(whose.other) for weights in everyone):
        yield (
            f"requests go to {whose.other}, and the AGIC that gets the gateway back is that of"
            f" {whose}: roll back to {whose} first"
        )


def _judge_cluster(inventory: Inventory | None, whose: Cluster) -> Iterator[str]:
    if inventory is None:
        return
    facts = inventory.clusters[whose]
    if not facts.snapshot.is_complete:
        yield f"{whose} was not read whole, so its pods' addresses are not known: {facts.reason}"


async def release_gateway(hands: Hands, plan: ReleasePlan, *, tell: Tell) -> Release:
    """Do what a plan without blockers says; it may be said again, should it be broken off."""
    took_s = None if plan.is_given else await _write(hands, plan)
    tell("the gateway is given back")
    for controller in plan.asleep:
        await wake(controller, hands.clients[controller.cluster], tell=tell)
    for command in plan.commands:
        tell(f"the add-on is enabled by you: {command}")
    put_aside(hands.state_dir.gateway_before)
    put_aside(find_file(hands.state_dir))
    return Release(took_s=took_s, woken=plan.asleep)


async def _write(hands: Hands, plan: ReleasePlan) -> float | None:
    kept = plan.adopted or _NOTHING_KEPT

    def change(document: Document) -> Document:
        return give_back(
            document, kept.document, plan.owns, agic_prefix=kept.agic_prefix, now=plan.now
        ).document

    written = await hands.writer(plan.owns).write(change)
    return written.done_s - written.sent_s if written.is_sent else None
