"""`bascule platform destroy`: removes what the platform made, and nothing else."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.azure.document import object_at
from bascule.azure.resource_id import ResourceId
from bascule.checks.azure.teardown import check_node_group
from bascule.checks.findings import Finding
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.platform.apply import open_effects
from bascule.cli.platform.asking import ask_name
from bascule.cli.platform.opening import (
    Access,
    Opened,
    Source,
    fetch_plan,
    hold_state,
    open_arm,
    open_file,
)
from bascule.cli.platform.text import render_unmaking_lines
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import PlanError
from bascule.inventory.azure.asking import Asker
from bascule.inventory.azure.clusters import read_cluster
from bascule.inventory.azure.node_groups import fetch_node_group
from bascule.platform.desired.ids import Ids, has_owner
from bascule.platform.destroy import fetch_found, remove_resources
from bascule.platform.plan.unmaking import (
    Found,
    UnmakingPlan,
    plan_unmaking,
    render_unmaking,
)
from bascule.platform.ports import Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule platform destroy` is told."""

    source: Source
    access: Access
    name: Annotated[
        str | None, typer.Option("--name", help="The platform's name, in place of typing it.")
    ] = None
    despite_traffic: Annotated[
        str,
        typer.Option("--despite-traffic", help="Name of the gateway that may go with its traffic."),
    ] = ""
    approve: Annotated[
        list[str] | None,
        typer.Option("--approve", help="Something that may go with a cluster, by name or id."),
    ] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def destroy(arguments: Arguments) -> None:
    """Remove what this platform made, by its tag; asks for the platform's name.

    What carries traffic is refused. Ends with 3 when something stands against it; then nothing is
    removed.
    """
    opened = open_file(arguments.source.file, arguments.access)
    with hold_state(arguments.source, opened.ids.spec.name) as directory:
        plan, gone = asyncio.run(_destroy(arguments, opened, directory))
    if arguments.output is Output.JSON:
        print_document({"plan": render_unmaking(plan), "removed": gone})
    elif gone:
        print_lines([f"done: {len(gone)} removed"])


async def _destroy(
    arguments: Arguments, opened: Opened, directory: Path
) -> tuple[UnmakingPlan, tuple[str, ...]]:
    async with open_arm(opened.cloud, arguments.access.credential) as arm:
        desired, existing, _ = await fetch_plan(arm, opened)
        found = await fetch_found(arm, opened.ids, desired, existing)
        plan = plan_unmaking(
            opened.ids,
            found,
            findings=await _fetch_findings(arm, opened.ids, found, arguments.approve or ()),
            despite_traffic=arguments.despite_traffic,
        )
        is_text = arguments.output is Output.TEXT
        if is_text:
            print_lines(render_unmaking_lines(plan))
        _require_no_blockers(plan)
        if plan.is_empty or arguments.dry_run:
            return plan, ()
        ask_name(plan.name, given=arguments.name, remedy=f"say --name {plan.name}")
        return plan, await remove_resources(open_effects(arm, directory, is_told=is_text), plan)


async def _fetch_findings(
    arm: Arm, ids: Ids, found: Found, approved: Sequence[str]
) -> tuple[Finding, ...]:
    """Return what speaks against removing the clusters: what would go with each of them."""
    asker = Asker(arm)
    names = frozenset(approved)
    findings: list[Finding] = []
    for key, cluster in sorted(found.clusters.items()):
        if has_owner(object_at(cluster, "tags"), ids.spec.name):
            group = await fetch_node_group(asker, read_cluster(cluster))
            findings += check_node_group(group, names, subject=ResourceId(key).name)
    return tuple(findings)


def _require_no_blockers(plan: UnmakingPlan) -> None:
    if plan.blockers:
        raise PlanError(
            f"this platform is not removed, first reason: {plan.blockers[0]}",
            remedy="see the lines with ! and BLOCKER above; nothing was removed",
        )
