"""What the platform of an upgrade would do for it, found out by reading; writes kubeconfigs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bascule.app.azure_preflight import KubeAccess, fetch_preflight, find_target
from bascule.app.azure_removal import fetch_goes
from bascule.app.files import read_file
from bascule.app.kubeconfigs import write_kubeconfig
from bascule.app.planning import Stages
from bascule.azure.opening import Azure, find_subscription, open_azure
from bascule.azure.resource_id import ResourceId
from bascule.checks.azure.facts import Backends
from bascule.checks.azure.reachability import find_extension
from bascule.checks.findings import Finding, Severity
from bascule.clock import Clock
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.platform.desired.ids import Ids
from bascule.platform.live import LiveArm
from bascule.platform.observe import fetch_existing
from bascule.platform.plan.model import Op, PlatformPlan
from bascule.platform.plan.planner import Existing, plan_platform
from bascule.platform.plan.staging import check_ready, plan_stages
from bascule.spec.gateway import ClusterAccess
from bascule.spec.load import parse_platform
from bascule.spec.upgrade import AzurePlatform
from bascule.upgrade.plan.facts import PlatformFacts
from bascule.upgrade.plan.making import EXTENSION

_UPGRADED = "AutoUpgradeOn"
"""What a preflight finds of a cluster that Azure upgrades by itself."""


async def fetch_stages(
    platform: AzurePlatform,
    environ: Mapping[str, str],
    clock: Clock,
    *,
    backends: Backends = Backends.PODS,
) -> Stages:
    """Return what `platform` would do, and what would break; in Azure nothing is changed.

    `backends` is what the gateway's pools are to hold. The kubeconfig of a cluster that is there,
    and has none yet, is written. Raises SpecError, UsageError, ApiError, TransportError.
    """
    spec = parse_platform(read_file(platform.file), platform.file)
    ids = Ids(spec, find_subscription(environ, spec.subscription))
    key = spec.clusters.blue.ssh_public_key
    async with open_azure(environ, clock=clock, cloud=spec.cloud) as azure:
        desired, existing = await fetch_existing(
            LiveArm(azure.client), ids, ssh_public_key="" if key is None else read_file(key)
        )
        await _write_kubeconfigs(azure, ids, existing, platform)
        blue = ids.cluster(spec.clusters.blue.name)
        goes = await fetch_goes(azure.client, blue, subject="blue")
        found = goes.findings
        ranges: tuple[str, ...] = ()
        green = spec.clusters.green
        if blue.key in existing.documents and green is not None:
            target = replace(
                find_target(ids, green.name, desired, existing),
                backends=backends,
                approved=frozenset(goes.ids),
                inside=_inside(ids, existing, platform),
            )
            preflight = await fetch_preflight(azure.client, target, clock)
            found = preflight.findings
            ranges = find_extension(Cluster.GREEN.value, preflight.facts)
    plan = plan_platform(ids, desired, existing, cloud=spec.cloud)
    facts = plan_stages(ids, plan)
    return Stages(
        facts=_place(name_extension(facts, ranges), platform, cloud=spec.cloud, goes=goes.ids),
        findings=(*check_ready(ids, plan), *_refused(plan), *_tell(plan, found, facts)),
    )


def _tell(
    plan: PlatformPlan, found: Iterable[Finding], facts: PlatformFacts
) -> tuple[Finding, ...]:
    """Return what the plan finds, and what was found of Azure and is not mended by it."""
    return tell_once((*plan.findings, *(each for each in found if not is_mended(each, facts))))


def name_extension(facts: PlatformFacts, ranges: tuple[str, ...]) -> PlatformFacts:
    """Return the facts with what the overlay of a green that is made has to let in."""
    if not facts.make or not ranges:
        return facts
    return replace(facts, make={**facts.make, EXTENSION: [*ranges]})


def _place(
    facts: PlatformFacts, platform: AzurePlatform, *, cloud: str, goes: Iterable[str]
) -> PlatformFacts:
    """Return the facts with where each cluster's kubeconfig is, and what goes with blue."""
    remove: Mapping[str, Json] = {**facts.remove, "goes": [*goes]}
    return replace(
        facts,
        make=_placed(facts.make, cloud, platform.of(Cluster.GREEN)),
        remove=_placed(remove, cloud, platform.of(Cluster.BLUE)),
    )


def name_context(access: ClusterAccess) -> str:
    """Return how the context is called in a kubeconfig that is written there."""
    return access.context or access.kubeconfig.stem


async def _write_kubeconfigs(
    azure: Azure, ids: Ids, existing: Existing, platform: AzurePlatform
) -> None:
    for cluster, resource in _existing_clusters(ids, existing):
        access = platform.of(cluster)
        if not _is_there(access):
            await write_kubeconfig(azure, resource, access.kubeconfig, name_context(access))


def _existing_clusters(ids: Ids, existing: Existing) -> Iterator[tuple[Cluster, ResourceId]]:
    clusters = ids.spec.clusters
    named = ((Cluster.BLUE, clusters.blue), (Cluster.GREEN, clusters.green))
    for cluster, spec in named:
        if spec is not None and ids.cluster(spec.name).key in existing.documents:
            yield cluster, ids.cluster(spec.name)


def _inside(ids: Ids, existing: Existing, platform: AzurePlatform) -> Mapping[str, KubeAccess]:
    """Return how to look inside the clusters that are there for other writers of the gateway."""
    found = (
        (cluster.value, platform.of(cluster)) for cluster, _ in _existing_clusters(ids, existing)
    )
    return {
        role: KubeAccess(kubeconfig=access.kubeconfig, context=access.context)
        for role, access in found
    }


def _is_there(access: ClusterAccess) -> bool:
    return access.kubeconfig.exists()


def is_mended(finding: Finding, facts: PlatformFacts) -> bool:
    """Whether the step that makes green mends it: Azure's upgrades are off on both from then on."""
    return finding.code == _UPGRADED and bool(facts.make)


def tell_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return each finding once: a plan and a preflight both say what stands against green."""
    return tuple(dict.fromkeys(findings))


def _placed(stage: Mapping[str, Json], cloud: str, access: ClusterAccess) -> Mapping[str, Json]:
    """Add where the cluster is, and where its kubeconfig goes; nothing to nothing."""
    if not stage:
        return stage
    return {
        **stage,
        "type": "azure",
        "cloud": cloud,
        "kubeconfig": str(access.kubeconfig.absolute()),
        "context": name_context(access),
    }


def _refused(plan: PlatformPlan) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            severity=Severity.BLOCKER,
            code="PlatformRefuses",
            subject=action.resource.name,
            message=f"{action.resource.name}: {action.reason}",
            remedy=action.remedy,
        )
        for action in plan.actions
        if action.op is Op.REFUSE
    )
