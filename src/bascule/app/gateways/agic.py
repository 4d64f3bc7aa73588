"""AGIC where it runs: found in both clusters and in Azure, put to sleep, and woken up again."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bascule.azure.client import ArmClient
from bascule.azure.document import Document, number_at, object_at, text_at, with_value
from bascule.azure.operations import wait
from bascule.checks.azure.facts import ControllerFacts, ControllerKind
from bascule.checks.azure.ids import in_group, same_id, subscription_id
from bascule.clock import Clock
from bascule.errors import ApiError, BasculeError, ForbiddenError, PlanError
from bascule.ids import Cluster
from bascule.inventory.azure.clusters import AGIC, read_cluster
from bascule.inventory.azure.inside import ADD_ON, fetch_inside
from bascule.kube import resources
from bascule.kube.client import KubeClient

Tell = Callable[[str], None]

POLL_S = 2.0
STOP_MAX_S = 300.0
"""How long AGIC's pods may take to end."""
HAND_MAX_S = 1_800.0
"""How long it is waited for a person who scales it in our place."""
ADD_ON_MAX_S = 3_600.0
"""How long AKS may take to disable its add-on."""
_CLUSTERS = "/providers/Microsoft.ContainerService/managedClusters"
_SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A Deployment that runs AGIC."""

    cluster: Cluster
    context: str
    """Its kubeconfig's context, for commands that are shown."""
    namespace: str
    name: str
    replicas: int

    def told(self) -> str:
        """Name it."""
        return f"{self.namespace}/{self.name} of {self.cluster}"

    def command(self, replicas: int) -> str:
        """Return what a person types to scale it."""
        return (
            f"kubectl --context {self.context} -n {self.namespace} scale deployment/{self.name}"
            f" --replicas={replicas}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOn:
    """AGIC as an add-on of a cluster in AKS."""

    cluster_id: str
    name: str
    owns_gateway: bool
    """Whether AKS made the gateway for it: then the gateway goes with the add-on."""
    identity_id: str
    """What it is to Azure; goes with it."""
    is_identity_used: bool
    """Whether the gateway itself reads certificates as that identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgicFound:
    """Where AGIC is; `obstacles` and `unseen` are for people."""

    controllers: tuple[Controller, ...] = ()
    add_ons: tuple[AddOn, ...] = ()
    obstacles: tuple[str, ...] = ()
    """Signs that this verb cannot put to sleep."""
    unseen: tuple[str, ...] = ()


async def find_agic(
    client: ArmClient,
    clusters: Mapping[Cluster, tuple[str, KubeClient]],
    gateway: Document,
) -> AgicFound:
    """Return where AGIC is that may write this gateway; clusters with their contexts' names."""
    found = [await _find_inside(c, name, kube) for c, (name, kube) in clusters.items()]
    add_ons, unseen = await _find_add_ons(client, gateway)
    return AgicFound(
        controllers=tuple(each for one in found for each in one.controllers),
        add_ons=add_ons,
        obstacles=tuple(each for one in found for each in one.obstacles),
        unseen=(*(each for one in found for each in one.unseen), *unseen),
    )


async def _find_inside(cluster: Cluster, context: str, client: KubeClient) -> AgicFound:
    seen = await fetch_inside(client)
    controllers: list[Controller] = []
    for sign in seen.controllers:
        if sign.kind is ControllerKind.DEPLOYMENT and not _is_of_add_on(sign):
            raw = await client.get(resources.DEPLOYMENTS, sign.name, namespace=sign.namespace)
            replicas = number_at(raw, "spec", "replicas")
            controllers.append(
                Controller(
                    cluster=cluster,
                    context=context,
                    namespace=sign.namespace,
                    name=sign.name,
                    replicas=1 if replicas is None else replicas,
                )
            )
    return AgicFound(
        controllers=tuple(controllers),
        obstacles=tuple(tell_obstacles(cluster, seen.controllers)),
        unseen=tuple(f"{each.what} of {cluster}: {each.reason}" for each in seen.unseen),
    )


def _is_of_add_on(sign: ControllerFacts) -> bool:
    return sign.namespace == _SYSTEM and sign.name.startswith(ADD_ON)


def tell_obstacles(cluster: Cluster, signs: Iterable[ControllerFacts]) -> Iterable[str]:
    """Yield the signs that a person has to do something about first."""
    for sign in signs:
        where = f"{sign.namespace}/{sign.name} of {cluster}"
        if sign.kind is ControllerKind.GITOPS and not sign.is_idle:
            yield f"the GitOps object {where} would wake AGIC up again: suspend it first"
        if sign.kind is ControllerKind.POD and not _is_of_add_on(sign):
            yield f"the Pod {where} runs AGIC and belongs to no Deployment: delete it first"


async def _find_add_ons(
    client: ArmClient, gateway: Document
) -> tuple[tuple[AddOn, ...], tuple[str, ...]]:
    """Return the add-ons that write this gateway, in its subscription, and what was not seen."""
    gateway_id = text_at(gateway, "id")
    try:
        found = await client.list(f"{subscription_id(gateway_id)}{_CLUSTERS}")
    except ApiError as error:
        return (), (f"the clusters of the subscription: {error.message}",)
    return tuple(
        _read_add_on(each, gateway)
        for each in found
        if (facts := read_cluster(each)).has_agic and same_id(facts.agic_gateway_id, gateway_id)
    ), ()


def _read_add_on(document: Document, gateway: Document) -> AddOn:
    facts = read_cluster(document)
    _, profile = _profile(document)
    identity_id = text_at(profile, "identity", "resourceId")
    used = object_at(gateway, "identity", "userAssignedIdentities")
    return AddOn(
        cluster_id=facts.id,
        name=facts.name,
        owns_gateway=in_group(text_at(gateway, "id"), facts.node_group),
        identity_id=identity_id,
        is_identity_used=any(same_id(each, identity_id) for each in used),
    )


def _profile(document: Document) -> tuple[str, Document]:
    """Return the add-on's key, in AKS's casing of it, and what stands there."""
    profiles = object_at(document, "properties", "addonProfiles")
    key = next((each for each in profiles if each.lower() == AGIC), AGIC)
    return key, object_at(profiles, key)


async def put_to_sleep(
    controller: Controller, client: KubeClient, *, clock: Clock, tell: Tell
) -> None:
    """Scale AGIC to zero and return when it has no pods; a person does it where we may not."""
    limit_s = STOP_MAX_S
    if controller.replicas:
        try:
            await client.scale(
                resources.DEPLOYMENTS, controller.name, 0, namespace=controller.namespace
            )
        except ForbiddenError as error:
            limit_s = HAND_MAX_S
            tell(f"we may not scale it ({error.message}); type: {controller.command(0)}")
    deadline_s = clock.monotonic_s() + limit_s
    while await _is_awake(controller, client):
        if clock.monotonic_s() >= deadline_s:
            raise PlanError(
                f"AGIC is not asleep after {limit_s:.0f} s: {controller.told()} has pods",
                remedy=f"{controller.command(0)}; then say this again",
            )
        await clock.sleep_until(clock.monotonic_s() + POLL_S)
    tell(f"AGIC sleeps: {controller.told()} has no pods")


async def _is_awake(controller: Controller, client: KubeClient) -> bool:
    raw = await client.get(resources.DEPLOYMENTS, controller.name, namespace=controller.namespace)
    return number_at(raw, "spec", "replicas") != 0 or bool(number_at(raw, "status", "replicas"))


async def wake(controller: Controller, client: KubeClient, *, tell: Tell) -> None:
    """Scale AGIC to its former replicas; where we may not, say what to type."""
    replicas = controller.replicas
    try:
        async with asyncio.timeout(STOP_MAX_S):
            await client.scale(
                resources.DEPLOYMENTS, controller.name, replicas, namespace=controller.namespace
            )
    except (BasculeError, TimeoutError) as error:
        why = error.message if isinstance(error, BasculeError) else "no answer in time"
        tell(f"AGIC was not woken up ({why}); type: {controller.command(replicas)}")
        return
    tell(f"AGIC works again: {controller.told()} has {replicas} replica(s)")


async def disable_add_on(client: ArmClient, add_on: AddOn, *, tell: Tell) -> None:
    """Disable AKS's add-on and return when AKS says that it is. Raises ApiError."""
    document = await client.get(add_on.cluster_id)
    if document is None:
        raise PlanError(f"the cluster {add_on.name} is not there any more")
    key, _ = _profile(document)
    path = ("properties", "addonProfiles", key)
    body = with_value(document, path, {"enabled": False, "config": None})
    accepted = await client.put(add_on.cluster_id, body, if_match=text_at(document, "eTag"))
    outcome = await wait(
        client,
        accepted.operation_url,
        limit_s=ADD_ON_MAX_S,
        on_status=lambda status: tell(f"disabling the add-on of {add_on.name}: {status}"),
    )
    outcome.raise_for_failure(f"disabling the add-on of {add_on.name}")
