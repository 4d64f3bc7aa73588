"""What an Application Gateway would be sent, from manifests and its document on disk alone."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from bascule.app.files import read_file
from bascule.cli.table_text import render_problems
from bascule.errors import SpecError, UsageError
from bascule.ids import Cluster
from bascule.redact import MASK
from bascule.routing.certificates import CertificateStore
from bascule.routing.documents import whole_split
from bascule.routing.model import Listener, RouteSet, RoutingTable
from bascule.routing.options import AGIC_PREFIX, BuildOptions
from bascule.routing.weights import Split, parse_weights

if TYPE_CHECKING:
    from bascule.azure.document import Document
    from bascule.gateway.appgw.settings import AppGwSettings
    from bascule.spec.appgw import AppGwGateway
    from bascule.spec.gateway import Gateway

LISTENERS = (
    Listener(name="http", address="0.0.0.0", port=80),  # noqa: S104 - written down, not listened on
    Listener(name="https", address="0.0.0.0", port=443, is_tls=True),  # noqa: S104 - the same
)
"""The ports of a gateway of which no file tells."""
AGIC_CLASSES = ("azure/application-gateway", "azure-application-gateway")
FRONTEND = "public"
"""What the frontend of a gateway is called of which there is no document."""
_TYPE = "Microsoft.Network/applicationGateways"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGwOptions:
    """Which gateway it is, and what of it is known."""

    existing: Annotated[
        Path | None,
        typer.Option(help="The gateway as Azure Resource Manager shows it, JSON; - for stdin."),
    ] = None
    green_manifests: Annotated[
        list[str] | None, typer.Option(help="Manifests of green; the same as -f green=PATH.")
    ] = None
    weights: Annotated[
        list[str] | None,
        typer.Option(help="Such as green=100, or HOST:green=100 for one host; repeatable."),
    ] = None
    subscription: Annotated[
        str | None, typer.Option(help="Its id; that of --existing or --config if absent.")
    ] = None
    resource_group: Annotated[str | None, typer.Option(help="The gateway's resource group.")] = None
    name: Annotated[str | None, typer.Option(help="The gateway's name in Azure.")] = None
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Show new certificates' data and passwords.")
    ] = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be rendered."""

    routes: RouteSet
    certificates: CertificateStore
    active: Cluster
    config: Path | None
    options: AppGwOptions


def adapt_options(options: BuildOptions, *, has_file: bool) -> BuildOptions:
    """Return how a table is built for such a gateway; of AGIC's classes where no file tells."""
    if not has_file:
        classes = (*options.ingress_classes, *AGIC_CLASSES)
        options = replace(options, listeners=LISTENERS, ingress_classes=classes)
    return replace(options, reads_probes=True, reads_rewrites=True, told_elsewhere=AGIC_PREFIX)


def refuse_unused(options: AppGwOptions) -> None:
    """Raise UsageError for options that say nothing of another gateway."""
    given = replace(options, green_manifests=None)
    if given != AppGwOptions():
        raise UsageError(
            "--existing, --weights, --subscription, --resource-group, --name and --with-secrets "
            "are of an Application Gateway",
            remedy="add --gateway appgw, or leave them out",
        )


def build_document(asked: Asked) -> "Document":
    """Return the document as it would be PUT; tell on stderr what is wrong with it."""
    from bascule.azure.document import object_at
    from bascule.gateway.appgw.abilities import refuse_split
    from bascule.gateway.appgw.change import TableChange
    from bascule.gateway.appgw.translate.translation import Translator
    from bascule.gateway.ownership import owns_of

    options = asked.options
    existing = None if options.existing is None else _load_existing(options.existing)
    config = None if asked.config is None else _load_config(asked.config)
    gateway_id = _choose_id(config, options, existing)
    document = existing or _empty_document(gateway_id)
    settings = _choose_settings(config, document, gateway_id=gateway_id)
    table = RoutingTable(routes=asked.routes, split=parse_split(options.weights, asked.active))
    refuse_split(table.split, settings)
    tags = object_at(document, "tags")
    change = TableChange(
        table,
        asked.certificates,
        translator=Translator(settings),
        owns=owns_of(tags, prefix=settings.prefix, owner=settings.owner),
    )
    body = change(document)
    _print_notes(replace(asked.routes, problems=(*asked.routes.problems, *change.problems)))
    if existing is None:
        sys.stderr.write(
            "without --existing, the gateway's own parts are not in it: its SKU, subnet and "
            f"addresses; its frontend is called {FRONTEND!r} here\n"
        )
    return body if options.with_secrets else without_secrets(body)


def parse_split(texts: Sequence[str] | None, active: Cluster) -> Split:
    """Return the split that is asked for; all to `active` where nothing else is said."""
    from bascule.cli.weights_command import parse_shares

    split = whole_split(active)
    for text in texts or ():
        host, _, shares = text.rpartition(":")
        weights = parse_weights(parse_shares(shares.split(",")))
        if host:
            split = Split(split.default, {**split.by_host, host.lower(): weights})
        else:
            split = Split(weights, split.by_host)
    return split


def without_secrets(document: "Document") -> dict[str, object]:
    """Return a document without the data of certificates and without passwords."""
    from bascule.azure.document import list_at, object_at, with_value
    from bascule.gateway.appgw.part import CERTIFICATES

    shown = []
    for child in list_at(document, "properties", CERTIFICATES):
        properties = {
            key: MASK if key in {"data", "password"} else value
            for key, value in object_at(child, "properties").items()
        }
        shown.append({**child, "properties": properties})
    return with_value(document, ("properties", CERTIFICATES), shown) if shown else dict(document)


def _print_notes(routes: RouteSet) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in render_problems(routes.problems) if line))


def _load_config(path: Path) -> "Gateway":
    from bascule.spec.load import parse_gateway

    return parse_gateway(read_file(path), path)


def _load_existing(path: Path) -> "Document":
    text = sys.stdin.read() if str(path) == "-" else read_file(path)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SpecError(f"not JSON: {error}", file=str(path)) from None
    if not isinstance(document, dict) or not isinstance(document.get("properties"), dict):
        raise UsageError(
            f"{path} is no gateway as Azure Resource Manager shows it: it has no `properties`",
            remedy="write it with `az rest --method get --url ID?api-version=2025-07-01`; "
            "`az network application-gateway show` prints another form",
        )
    if f"/{_TYPE}/".lower() not in str(document.get("id")).lower():
        raise UsageError(
            f"{path} is not that of a gateway: its `id` is not one of an Application Gateway",
            remedy="name another file",
        )
    return cast("Document", document)


def _refuse_another(existing: "Document", options: AppGwOptions) -> None:
    """Raise UsageError for options that name another gateway than the document."""
    from bascule.azure.document import text_at
    from bascule.azure.resource_id import ResourceId

    found = ResourceId(text_at(existing, "id"))
    for option, said, there in (
        ("--subscription", options.subscription, found.subscription),
        ("--resource-group", options.resource_group, found.group),
        ("--name", options.name, found.name),
    ):
        if said is not None and said.lower() != there.lower():
            raise UsageError(
                f"{option} is {said}, and --existing is of {there}",
                remedy="leave it out, or name another file",
            )


def _choose_id(config: "Gateway | None", options: AppGwOptions, existing: "Document | None") -> str:
    from bascule.azure.document import text_at
    from bascule.azure.opening import SUBSCRIPTION
    from bascule.spec.appgw import build_gateway_id

    if existing is not None:
        _refuse_another(existing, options)
        return text_at(existing, "id")
    spec = None if config is None else _appgw_of(config)
    group = options.resource_group or (spec.resource_group if spec else None)
    name = options.name or (spec.name if spec else None)
    named = options.subscription or (spec.subscription if spec else None)
    subscription = named or os.environ.get(SUBSCRIPTION)
    if not (subscription and group and name):
        raise UsageError(
            "it is not said which gateway it is",
            remedy="give --existing, or --subscription, --resource-group and --name",
        )
    return build_gateway_id(subscription, group=group, name=name)


def _choose_settings(
    config: "Gateway | None", document: "Document", *, gateway_id: str
) -> "AppGwSettings":
    from bascule.azure.document import object_at, text_at
    from bascule.gateway.appgw.settings import AppGwSettings
    from bascule.gateway.ownership import owner_of

    if config is not None:
        from bascule.app.gateways.appgw import build_settings

        return build_settings(config, _appgw_of(config), gateway_id=gateway_id)
    owner = owner_of(object_at(document, "tags")) or text_at(document, "name").lower()
    return AppGwSettings(gateway_id=gateway_id, owner=owner)


def _appgw_of(config: "Gateway") -> "AppGwGateway":
    from bascule.spec.appgw import AppGwGateway

    if not isinstance(config.gateway, AppGwGateway):
        raise UsageError(
            f"--config is of a gateway of type {config.gateway.type}, not appgw",
            remedy="name another file, or leave --config out",
        )
    return config.gateway


def _empty_document(gateway_id: str) -> "Document":
    frontend = {
        "name": FRONTEND,
        "id": f"{gateway_id}/frontendIPConfigurations/{FRONTEND}",
        "properties": {"publicIPAddress": {}},
    }
    return {
        "id": gateway_id,
        "name": gateway_id.rpartition("/")[2],
        "type": _TYPE,
        "properties": {"frontendIPConfigurations": [frontend]},
    }
