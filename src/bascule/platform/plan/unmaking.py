"""What of a platform would be removed, in which order, what stays, and what is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.azure.resource_id import ResourceId
from bascule.checks.findings import Finding, Severity, render_finding
from bascule.checks.text import render_names
from bascule.journal.record import Json
from bascule.platform.desired.ids import Ids, has_owner
from bascule.platform.desired.model import Kind
from bascule.platform.plan.estimate import DELETE_S, STOP_S
from bascule.platform.plan.step import is_stopped
from bascule.platform.plan.traffic import find_behind, find_live_addresses, find_live_pools

RANK: Mapping[str, tuple[int, Kind]] = {
    "microsoft.authorization/roleassignments": (0, Kind.ASSIGNMENT),
    "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials": (
        1,
        Kind.CREDENTIAL,
    ),
    "microsoft.containerservice/managedclusters": (2, Kind.CLUSTER),
    "microsoft.network/applicationgateways": (2, Kind.GATEWAY),
    "microsoft.network/publicipaddresses": (3, Kind.PUBLIC_IP),
    "microsoft.network/virtualnetworks": (4, Kind.NETWORK),
    "microsoft.managedidentity/userassignedidentities": (4, Kind.IDENTITY),
    "microsoft.resources/resourcegroups": (5, Kind.GROUP),
}
"""In which order what is removed, by type: what uses something before what it uses."""


class Fate(StrEnum):
    """What becomes of a resource."""

    REMOVE = "remove"
    KEEP = "keep"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One resource and what becomes of it."""

    id: ResourceId
    kind: Kind
    fate: Fate
    reason: str = ""
    remedy: str = ""
    is_stopped_first: bool = False
    estimate_s: float | None = None

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.kind} {self.id.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to remove: the resources of the platform's groups, some of them whole."""

    resources: tuple[Document, ...] = ()
    """As lists of groups show them: id, type, tags."""
    groups: Mapping[str, Document] = field(default_factory=dict)
    """The groups themselves, by key."""
    gateways: Mapping[str, Document] = field(default_factory=dict)
    clusters: Mapping[str, Document] = field(default_factory=dict)
    assignments: tuple[Document, ...] = ()
    credentials: tuple[Document, ...] = ()
    """Those of ours in identities of others."""
    ranges: Mapping[str, str] = field(default_factory=dict)
    """Ranges of subnets, by the key of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmakingPlan:
    """What would be removed, in order."""

    name: str
    removals: tuple[Removal, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remove."""
        return all(removal.fate is Fate.KEEP for removal in self.removals)

    @property
    def blockers(self) -> tuple[str, ...]:
        """What stands against it, one sentence each."""
        found = (f.message for f in self.findings if f.severity is Severity.BLOCKER)
        refused = (f"{r.name}: {r.reason}" for r in self.removals if r.fate is Fate.REFUSE)
        return (*found, *refused)


def plan_unmaking(
    ids: Ids, found: Found, *, findings: Sequence[Finding] = (), despite_traffic: str = ""
) -> UnmakingPlan:
    """Return what would be removed of the platform: what it made, by its tag.

    `findings` are what speaks against the removal of its clusters. `despite_traffic` is the name
    of the gateway that may go although it carries traffic.
    """
    removals = [
        *_by_description(ids, found),
        *_resources(ids, found, despite_traffic),
    ]
    removals.sort(key=lambda removal: (RANK[removal.id.type.lower()][0], removal.id.key))
    goes = {r.id.key for r in removals if r.fate is Fate.REMOVE}
    return UnmakingPlan(
        name=ids.spec.name,
        removals=(*removals, *_groups(ids, found, goes)),
        findings=tuple(findings),
    )


def render_unmaking(plan: UnmakingPlan) -> dict[str, Json]:
    """Return a plan as one JSON document."""
    return {
        "name": plan.name,
        "is_empty": plan.is_empty,
        "removals": [_render(removal) for removal in plan.removals],
        "findings": [render_finding(finding) for finding in plan.findings],
    }


def _by_description(ids: Ids, found: Found) -> Iterator[Removal]:
    for assignment in found.assignments:
        if text_at(assignment, "properties", "description") == ids.mark:
            yield _removal(ResourceId(text_at(assignment, "id")), Fate.REMOVE, "it made it")
    for credential in found.credentials:
        yield _removal(ResourceId(text_at(credential, "id")), Fate.REMOVE, "it made it")


def _resources(ids: Ids, found: Found, despite_traffic: str) -> Iterator[Removal]:
    for listed in found.resources:
        resource = ResourceId(text_at(listed, "id"))
        if resource.type.lower() not in RANK:
            continue
        if not has_owner(object_at(listed, "tags"), ids.spec.name):
            yield _removal(resource, Fate.KEEP, "it was not made by this platform")
            continue
        why = _carried(resource, found)
        gateways = [ResourceId(key).name for key in found.gateways]
        if why and despite_traffic.lower() not in gateways:
            yield _removal(
                resource,
                Fate.REFUSE,
                why,
                remedy="take the traffic away first; or, to cut it, add --despite-traffic with "
                "the gateway's name",
            )
            continue
        is_running = resource.key in found.clusters and not is_stopped(found.clusters[resource.key])
        yield _removal(resource, Fate.REMOVE, why, is_stopped_first=is_running)


def _carried(resource: ResourceId, found: Found) -> str:
    """Return what traffic goes through a resource; empty for none."""
    gateway = found.gateways.get(resource.key)
    if gateway is not None:
        pools = find_live_pools(gateway)
        return f"rules lead to {render_names(pools, 'pools')} with addresses" if pools else ""
    cluster = found.clusters.get(resource.key)
    if cluster is None:
        return ""
    subnets = {
        ResourceId(text_at(pool, key)).key
        for pool in list_at(cluster, "properties", "agentPoolProfiles")
        for key in ("vnetSubnetID", "podSubnetID")
        if text_at(pool, key)
    }
    ranges = [found.ranges[key] for key in sorted(subnets) if key in found.ranges]
    for other in found.gateways.values():
        behind = find_behind(find_live_addresses(other), ranges)
        if behind:
            where = render_names(behind, "addresses")
            return f"{text_at(other, 'name')} sends to {where}, which may be its"
    return ""


def _groups(ids: Ids, found: Found, goes: set[str]) -> Iterator[Removal]:
    """Yield the groups: one that it made goes when nothing is left in it."""
    for key, group in sorted(found.groups.items()):
        if not has_owner(object_at(group, "tags"), ids.spec.name):
            continue
        left = [
            each.name
            for each in (ResourceId(text_at(one, "id")) for one in found.resources)
            if each.key.startswith(f"{key}/") and each.key not in goes
        ]
        resource = ResourceId(text_at(group, "id"))
        if left:
            yield _removal(resource, Fate.KEEP, f"it holds {render_names(left, 'others')}")
        else:
            yield _removal(resource, Fate.REMOVE, "nothing is left in it")


def _removal(
    resource: ResourceId,
    fate: Fate,
    reason: str,
    *,
    remedy: str = "",
    is_stopped_first: bool = False,
) -> Removal:
    _, kind = RANK[resource.type.lower()]
    seconds = DELETE_S.get(kind)
    if seconds is not None and is_stopped_first:
        seconds += STOP_S
    return Removal(
        id=resource,
        kind=kind,
        fate=fate,
        reason=reason,
        remedy=remedy,
        is_stopped_first=is_stopped_first,
        estimate_s=seconds if fate is Fate.REMOVE else None,
    )


def _render(removal: Removal) -> dict[str, Json]:
    return {
        "fate": removal.fate.value,
        "kind": removal.kind.value,
        "id": str(removal.id),
        "reason": removal.reason,
        "remedy": removal.remedy,
        "is_stopped_first": removal.is_stopped_first,
        "estimate_s": removal.estimate_s,
    }
