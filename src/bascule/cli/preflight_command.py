"""`bascule preflight --azure`: what would break on a platform; reads, and nothing else."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.azure_preflight import (
    KubeAccess,
    Preflight,
    Target,
    fetch_preflight,
    find_target,
)
from bascule.app.clock import SystemClock
from bascule.azure.opening import DEFAULT_CLOUD
from bascule.azure.resource_id import ResourceId, group_id, parse_id
from bascule.checks.azure.facts import AksFacts, Backends
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.findings import Severity, render_finding
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.plan_text import render_findings
from bascule.cli.platform.opening import Access, Opened, find_subscription, open_arm, open_file
from bascule.cli.rendering import Output, print_document, print_lines, render_columns
from bascule.errors import PlanError, UsageError
from bascule.platform.like_blue import GREEN_NAME
from bascule.platform.observe import fetch_existing
from bascule.platform.ports import Arm

CLUSTERS = "Microsoft.ContainerService/managedClusters"
GATEWAYS = "Microsoft.Network/applicationGateways"
NOTHING_WRITTEN = "nothing was written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Which clusters and which gateway are meant."""

    file: Annotated[
        Path | None,
        typer.Option("--platform", "-f", help="The platform's file: it names all that follows."),
    ] = None
    resource_group: Annotated[
        str, typer.Option("--resource-group", "-g", help="Where clusters and gateway lie.")
    ] = ""
    cluster: Annotated[str, typer.Option("--cluster", help="The cluster with the traffic.")] = ""
    gateway: Annotated[str, typer.Option("--gateway", help="The application gateway.")] = ""
    green: Annotated[
        str, typer.Option("--green", help="A second cluster that exists; else one is to be made.")
    ] = ""
    green_version: Annotated[
        str, typer.Option("--green-version", help="The version of a green that is to be made.")
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """How to look inside the clusters for other writers of the gateway."""

    kubeconfig: Annotated[
        Path | None, typer.Option("--kubeconfig", help="A kubeconfig by which blue may be read.")
    ] = None
    context: Annotated[str | None, typer.Option("--context", help="Its context.")] = None
    green_kubeconfig: Annotated[
        Path | None, typer.Option("--green-kubeconfig", help="The same for green.")
    ] = None
    green_context: Annotated[
        str | None, typer.Option("--green-context", help="The same for green.")
    ] = None

    def access(self) -> dict[str, KubeAccess]:
        """Return how each cluster is asked, for which a kubeconfig was named."""
        pairs = {
            "blue": (self.kubeconfig, self.context),
            "green": (self.green_kubeconfig, self.green_context),
        }
        return {
            role: KubeAccess(kubeconfig=file, context=context)
            for role, (file, context) in pairs.items()
            if file is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule preflight` is told."""

    azure: Annotated[bool, typer.Option("--azure", help="Look at a platform on Azure.")] = False
    names: Names
    backends: Annotated[
        Backends, typer.Option("--backends", help="What the gateway's pools are to hold.")
    ] = Backends.PODS
    approve: Annotated[
        list[str] | None,
        typer.Option(
            "--approve", help="What of blue's node resource group may go with it; repeatable."
        ),
    ] = None
    inside: Inside
    access: Access
    output: OutputOption = Output.TEXT


@takes(Arguments)
def preflight(arguments: Arguments) -> None:
    """Say what would break if the traffic of a cluster moved to a second one.

    It needs the role Reader, and writes nothing. Ends with 3 when something stands in the way.
    """
    if not arguments.azure:
        raise UsageError(
            "`bascule preflight` looks at a platform, and none was named",
            remedy="say --azure; two clusters alone are checked by `bascule plan`",
        )
    found = asyncio.run(_fetch(arguments))
    blockers = [each for each in found.findings if each.severity is Severity.BLOCKER]
    if arguments.output is Output.JSON:
        print_document(preflight_document(found))
        if blockers:
            raise typer.Exit(PlanError.exit_code)
        return
    print_lines(render_preflight(found))
    if blockers:
        what = "one thing stands" if len(blockers) == 1 else f"{len(blockers)} things stand"
        raise PlanError(
            f"{what} in the way: see BLOCKER above",
            remedy="put it right, then say this again",
        )


async def _fetch(arguments: Arguments) -> Preflight:
    names, access = arguments.names, arguments.access
    opened = open_file(names.file, access) if names.file is not None else None
    cloud = access.cloud or (opened.cloud if opened is not None else DEFAULT_CLOUD)
    async with open_arm(cloud, access.credential) as arm:
        if opened is not None:
            target = await _fetch_target(arm, opened, names)
        else:
            target = build_target(names, find_subscription(access, None))
        return await fetch_preflight(arm, _with_options(target, arguments), SystemClock())


def build_target(names: Names, subscription: str) -> Target:
    """Return what the options name. Raises UsageError when something is not named."""
    missing = [
        option
        for option, said in (
            ("--resource-group", names.resource_group),
            ("--cluster", names.cluster),
            ("--gateway", names.gateway),
        )
        if not said
    ]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} must be said",
            remedy="name the group, the cluster with the traffic and the gateway, or a file: -f",
        )
    group = group_id(subscription, names.resource_group)
    return Target(
        blue=_find_id(group, CLUSTERS, names.cluster),
        green=_find_id(group, CLUSTERS, names.green or GREEN_NAME),
        gateway=_find_id(group, GATEWAYS, names.gateway),
        green_exists=bool(names.green),
        green_version=names.green_version,
    )


def _find_id(group: ResourceId, kind: str, name: str) -> ResourceId:
    return parse_id(name) if name.startswith("/") else group.child(kind, name)


async def _fetch_target(arm: Arm, opened: Opened, names: Names) -> Target:
    """Return what a platform's file names; a green that exists is taken as it is."""
    ids, clusters = opened.ids, opened.ids.spec.clusters
    blue = ids.cluster(clusters.blue.name)
    if clusters.green is None:
        green = ids.cluster(names.green or GREEN_NAME)
        return Target(
            blue=blue,
            green=green,
            gateway=ids.gateway,
            green_exists=bool(names.green),
            green_version=names.green_version,
        )
    desired, existing = await fetch_existing(arm, ids, ssh_public_key=opened.ssh_public_key)
    return find_target(ids, clusters.green.name, desired, existing)


def _with_options(target: Target, arguments: Arguments) -> Target:
    return replace(
        target,
        backends=arguments.backends,
        approved=frozenset(arguments.approve or ()),
        inside=arguments.inside.access(),
    )


def render_preflight(found: Preflight) -> list[str]:
    """Return what was looked at and what was found, as lines."""
    return [
        *render_columns(list(_rows(found))),
        "",
        *render_findings(found.findings),
        "",
        NOTHING_WRITTEN,
    ]


def preflight_document(found: Preflight) -> Mapping[str, object]:
    """Return the same as one document."""
    facts = found.facts
    parts = {"blue": facts.blue, "green": facts.green, "gateway": facts.gateway}
    return {
        "looked_at": {
            role: {"id": each.id, "name": each.name}
            for role, each in parts.items()
            if isinstance(each, AksFacts | GatewayFacts)
        },
        "findings": [render_finding(each) for each in found.findings],
        "blockers": sum(each.severity is Severity.BLOCKER for each in found.findings),
        "written": 0,
    }


def _rows(found: Preflight) -> Iterator[tuple[str, str, str]]:
    yield "looked at", "name", "what it is"
    for role, cluster in found.facts.clusters.items():
        state = "" if cluster.exists else "to be made: "
        pools = ", ".join(f"{each.name} {each.nodes} x {each.size}" for each in cluster.pools)
        yield (
            role,
            cluster.name,
            f"{state}{cluster.version}, pods on {cluster.pod_network}, {pools}",
        )
    gateway = found.facts.gateway
    if isinstance(gateway, GatewayFacts):
        hosts = ", ".join(gateway.hosts[:3]) + (", ..." if len(gateway.hosts) > 3 else "")
        yield "gateway", gateway.name, f"{gateway.tier}, {hosts or 'no listener'}"
