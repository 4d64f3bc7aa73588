"""Puts the preflight of a platform together: what to look at, by which clients, and checks."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bascule.app.wiring import build_client
from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.checks.azure.facts import AzureFacts, Backends
from bascule.checks.azure.preflight import check_platform
from bascule.checks.findings import Finding, sort_findings
from bascule.clock import Clock
from bascule.inventory.azure.asking import Reads
from bascule.inventory.azure.fetch import AzureQuestion, LookInside, fetch_azure
from bascule.inventory.azure.inside import fetch_inside
from bascule.inventory.azure.reaching import fetch_reason_unreached
from bascule.kube.client import KubeClient
from bascule.kube.kubeconfig import load_kubeconfig
from bascule.platform.desired.ids import Ids
from bascule.platform.like_blue import build_like_blue
from bascule.platform.plan.gathering import Desired
from bascule.platform.plan.planner import Existing


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A green that is written down: its document, and what its derivation found."""

    document: Document
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeAccess:
    """How a cluster's own API is asked."""

    kubeconfig: Path
    context: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a preflight is about."""

    blue: ResourceId
    green: ResourceId
    gateway: ResourceId
    green_exists: bool = False
    green_version: str = ""
    planned: Planned | None = None
    """What green is to be, where a file says it."""
    backends: Backends = Backends.PODS
    approved: frozenset[str] = frozenset()
    inside: Mapping[str, KubeAccess] = field(default_factory=dict)
    """By `blue` and `green`."""


def find_target(ids: Ids, green: str, desired: Desired, existing: Existing) -> Target:
    """Return what a platform's file names; the cluster `green` is taken as it is if it exists."""
    blue, new = ids.cluster(ids.spec.clusters.blue.name), ids.cluster(green)
    if new.key in existing.documents:
        return Target(blue=blue, green=new, gateway=ids.gateway, green_exists=True)
    document = next((each.document for each in desired.resources if each.id == new), {})
    derived = desired.derived
    return Target(
        blue=blue,
        green=new,
        gateway=ids.gateway,
        planned=Planned(document=document, findings=derived.findings if derived else ()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What was seen, and what was found in it, the worst first."""

    facts: AzureFacts
    findings: tuple[Finding, ...]


async def fetch_preflight(arm: Reads, target: Target, clock: Clock) -> Preflight:
    """Look and judge; nothing is written. Raises SpecError for a kubeconfig that is wrong."""
    async with AsyncExitStack() as stack:
        inside: dict[str, LookInside] = {}
        for role, access in target.inside.items():
            connection = load_kubeconfig(access.kubeconfig, access.context)
            client = await stack.enter_async_context(build_client(connection, clock))
            inside[role] = _looking(client)
        facts = await fetch_azure(arm, _question(target, inside))
    more = target.planned.findings if target.planned is not None else ()
    return Preflight(facts=facts, findings=sort_findings((*check_platform(facts), *more)))


def _question(target: Target, inside: Mapping[str, LookInside]) -> AzureQuestion:
    return AzureQuestion(
        blue_id=target.blue.text,
        gateway_id=target.gateway.text,
        green_id=target.green.text if target.green_exists else "",
        derive=lambda blue: _derive(target, blue),
        backends=target.backends,
        approved=target.approved,
        reach=fetch_reason_unreached,
        inside=inside,
    )


def _derive(target: Target, blue: Document) -> Document:
    if target.planned is None:
        return build_like_blue(blue, target.green, version=target.green_version)
    return {**target.planned.document, "id": target.green.text, "name": target.green.name}


def _looking(client: KubeClient) -> LookInside:
    return lambda: fetch_inside(client)
