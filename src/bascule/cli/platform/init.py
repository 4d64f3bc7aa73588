"""`bascule platform init --from-azure`: writes a platform.yaml from what exists."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import yaml

from bascule.azure.document import Document, text_at
from bascule.azure.resource_id import ResourceId, group_id
from bascule.cli.arguments import takes
from bascule.cli.init_text import to_label
from bascule.cli.new_file import require_free, write_new
from bascule.cli.options import OutputOption
from bascule.cli.platform.opening import Access, find_subscription, open_arm
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import NotFoundError, PlanError, SpecError, UsageError
from bascule.platform.describe.whole import (
    Seen,
    describe_platform,
    find_public_ip,
    find_subnets,
)
from bascule.platform.ports import Arm
from bascule.spec.load import parse_platform

STDOUT = "-"
_HEAD = """\
# What exists in Azure, as `bascule platform init --from-azure` found it.
# `bascule platform plan -f {file}` shows what differs from it from now on.
# Every setting: docs/reference/platform-yaml.md. Add `clusters.green` for the new cluster.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule platform init` is told."""

    resource_group: Annotated[
        str, typer.Option("--resource-group", "-g", help="The group that holds the platform.")
    ]
    access: Access
    from_azure: Annotated[
        bool, typer.Option("--from-azure", help="Look at what exists; there is no other way yet.")
    ] = False
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="The old cluster, where there are several.")
    ] = None
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="The gateway, where there are several.")
    ] = None
    name: Annotated[
        str | None, typer.Option("--name", help="The platform's name, if not the group's.")
    ] = None
    output_file: Annotated[
        str, typer.Option("--output-file", help="Where to write it; - prints it.")
    ] = "platform.yaml"
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def init(arguments: Arguments) -> None:
    """Write a platform.yaml from what exists: network, public IP, gateway, cluster.

    Nothing is changed in Azure. A plan of the file is empty but for rights that are missing.
    """
    if not arguments.from_azure:
        raise UsageError(
            "a platform.yaml is written from what exists only",
            remedy="add --from-azure; for a new platform start from examples/platform-article.yaml",
        )
    is_printed = arguments.output_file == STDOUT
    path = Path(arguments.output_file)
    if not is_printed:
        require_free(path, is_forced=arguments.force)
    seen = asyncio.run(_fetch(arguments))
    text = _render(arguments, seen)
    if is_printed:
        print_lines([text.removesuffix("\n")])
        return
    write_new(path, text, is_forced=arguments.force)
    if arguments.output is Output.JSON:
        print_document({"file": str(path)})
        return
    print_lines([f"wrote {path}", f"next: bascule platform plan -f {path}"])


def _render(arguments: Arguments, seen: Seen) -> str:
    cloud = arguments.access.cloud or "AzureCloud"
    name = to_label(arguments.name or arguments.resource_group, "platform")
    body = yaml.safe_dump(
        describe_platform(name, cloud, seen), sort_keys=False, allow_unicode=True, width=100
    )
    file = arguments.output_file if arguments.output_file != STDOUT else "platform.yaml"
    text = _HEAD.format(file=file) + body
    try:
        parse_platform(text, file)
    except SpecError as error:
        raise PlanError(
            f"what exists cannot be said in a platform.yaml: {error}",
            remedy="write the file by hand, and leave out what cannot be said",
        ) from error
    return text


async def _fetch(arguments: Arguments) -> Seen:
    access = arguments.access
    group = group_id(find_subscription(access, None), arguments.resource_group)
    async with open_arm(access.cloud or "AzureCloud", access.credential) as arm:
        found = await _require(arm, group, f"resource group {arguments.resource_group}")
        cluster = await _choose(arm, group, _CLUSTERS, arguments.cluster)
        gateway = await _choose(arm, group, _GATEWAYS, arguments.gateway)
        networks = {subnet.parent for subnet in find_subnets(gateway, cluster)}
        if len(networks) != 1 or None in networks:
            raise PlanError(
                f"gateway and cluster are in {len(networks)} networks, not in one",
                remedy="a platform.yaml describes one network that holds both",
            )
        address = find_public_ip(gateway)
        if not address:
            raise PlanError("the gateway has no public IP, and a platform.yaml needs one")
        network = networks.pop()
        return Seen(
            group={**found, "id": str(group)},
            network=await _require(arm, network or group, "network"),
            public_ip=await _require(arm, ResourceId(address), "public IP"),
            gateway=gateway,
            cluster=cluster,
        )


_CLUSTERS = ("Microsoft.ContainerService/managedClusters", "cluster")
_GATEWAYS = ("Microsoft.Network/applicationGateways", "gateway")


async def _choose(arm: Arm, group: ResourceId, kind: tuple[str, str], name: str | None) -> Document:
    """Return the one that is meant, read whole. Raises UsageError where it is not clear."""
    path, what = kind
    found = await arm.list(f"{group}/providers/{path}")
    names = [text_at(each, "name") for each in found]
    wanted = [each for each in names if name is None or each.lower() == name.lower()]
    if len(wanted) != 1:
        known = f"there are: {', '.join(names)}" if names else "there is none"
        raise UsageError(
            f"which {what} of {group.name} is meant is not clear; {known}",
            remedy=f"name it with --{what}",
        )
    return await _require(arm, group.child(path, wanted[0]), f"{what} {wanted[0]}")


async def _require(arm: Arm, resource: ResourceId, what: str) -> Document:
    found = await arm.get(resource)
    if found is None:
        raise NotFoundError(f"{what} does not exist: {resource}", status=404)
    return found
