"""`bascule rights`: the four roles on Azure as JSON, or whether the caller fits one of them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from bascule.app.azure_rights import RightsFound, fetch_rights
from bascule.azure.opening import DEFAULT_CLOUD
from bascule.azure.resource_id import parse_id, subscription_id
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.platform.opening import Access, find_subscription, open_arm
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import PlanError, UsageError
from bascule.platform.rights import ROLES, Role, RoleName, render_role

CLUSTER_TYPE = "microsoft.containerservice/managedclusters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule rights` is told."""

    role: Annotated[RoleName, typer.Option("--role", help="Which of the four.")]
    scope: Annotated[
        str,
        typer.Option(
            "--scope",
            help="The id of the subscription, resource group or resource; for the decommissioner"
            " its cluster. Without it the subscription.",
        ),
    ] = ""
    check: Annotated[
        bool, typer.Option("--check", help="Test each action against what the caller may do.")
    ] = False
    access: Access
    output: OutputOption = Output.TEXT


@takes(Arguments)
def rights(arguments: Arguments) -> None:
    """Print a role for `az role definition create`; with --check test the caller against it.

    Nothing is written. With --check it ends with 3 when a right is missing.
    """
    role = ROLES[arguments.role]
    scope = find_scope(arguments)
    if role.is_of_one_cluster and parse_id(scope).type.lower() != CLUSTER_TYPE:
        raise UsageError(
            f"the {role.name} is for one cluster, and {scope} is none",
            remedy="name it: --scope /subscriptions/.../managedClusters/NAME",
        )
    if not arguments.check:
        print_lines([json.dumps(render_role(role, scope), indent=2)])
        return
    found = asyncio.run(_fetch(arguments, role, scope))
    if arguments.output is Output.JSON:
        print_document(rights_document(role, found))
        if found.missing:
            raise typer.Exit(PlanError.exit_code)
        return
    print_lines(render_rights(role, found))
    if found.missing:
        count = len(found.missing)
        what = "one right is" if count == 1 else f"{count} rights are"
        raise PlanError(
            f"{what} missing for the role {role.name}",
            remedy=f"`bascule rights --role {role.name}` prints the role; create it and assign it"
            f" at {found.scope}",
        )


def find_scope(arguments: Arguments) -> str:
    """Return the scope that is meant: what was said, else the subscription."""
    if arguments.scope:
        return parse_id(arguments.scope).text
    return subscription_id(find_subscription(arguments.access, None)).text


async def _fetch(arguments: Arguments, role: Role, scope: str) -> RightsFound:
    cloud = arguments.access.cloud or DEFAULT_CLOUD
    async with open_arm(cloud, arguments.access.credential) as arm:
        return await fetch_rights(arm, role, parse_id(scope))


def render_rights(role: Role, found: RightsFound) -> list[str]:
    """Return each action with whether the caller may take it, and what goes beyond the role."""
    lines = [f"{role.name} at {found.scope}", ""]
    lines += [
        f"  {'may    ' if each.is_allowed else 'MAY NOT'}  {each.action}" for each in found.tested
    ]
    if found.excess:
        lines += [
            "",
            f"WARNING  the caller holds more than this role: {', '.join(found.excess)}",
            "         what goes wrong goes further with it; give it this role alone",
        ]
    return [*lines, "", "nothing was written"]


def rights_document(role: Role, found: RightsFound) -> Mapping[str, object]:
    """Return the same as one document."""
    return {
        "role": role.name.value,
        "scope": found.scope.text,
        "actions": {each.action: each.is_allowed for each in found.tested},
        "missing": list(found.missing),
        "beyond": list(found.excess),
        "written": 0,
    }
