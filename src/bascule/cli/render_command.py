"""`bascule render`: the routing table, or what the gateway would be sent, from manifests alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.clock import SystemClock
from bascule.app.files import read_file
from bascule.cli.appgw_document import (
    AppGwOptions,
    Asked,
    adapt_options,
    build_document,
    refuse_unused,
)
from bascule.cli.arguments import takes
from bascule.cli.manifests import load_snapshots
from bascule.cli.rendering import print_document, print_lines
from bascule.cli.table_text import render_table
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.redact import MASK
from bascule.routing.build import BuildOptions, build_routes, collect_certificates
from bascule.routing.certificates import CertificateStore
from bascule.routing.documents import table_document, whole_split
from bascule.routing.expiry import check_expiry
from bascule.routing.model import Listener, RouteSet


class Format(StrEnum):
    """What `--output` takes here."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


class GatewayType(StrEnum):
    """What `--gateway` takes."""

    ENVOY = "envoy"
    APPGW = "appgw"


FilesOption = Annotated[
    list[str],
    typer.Option(
        "--file", "-f", help="Manifests: a file, a directory, -, or CLUSTER=PATH; repeatable."
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="A gateway.yaml: its listeners, classes and active cluster."),
]
ActiveOption = Annotated[
    Cluster | None, typer.Option("--active", help="The cluster whose settings win.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule render` is told."""

    files: FilesOption
    gateway: Annotated[
        GatewayType | None,
        typer.Option("--gateway", help="Print what a gateway of this type would be sent."),
    ] = None
    config: ConfigOption = None
    active: ActiveOption = None
    appgw: AppGwOptions
    output: Annotated[
        Format, typer.Option("--output", "-o", help="Text for people, or one document.")
    ] = Format.TEXT


@takes(Arguments)
def render(arguments: Arguments) -> None:
    """Print the routing table that manifests ask for, with what is wrong in them; offline."""
    options = build_options(arguments.config, arguments.active)
    is_appgw = arguments.gateway is GatewayType.APPGW
    if is_appgw:
        options = adapt_options(options, has_file=arguments.config is not None)
    else:
        refuse_unused(arguments.appgw)
    greens = [f"{Cluster.GREEN}={path}" for path in arguments.appgw.green_manifests or ()]
    snapshots = load_snapshots([*arguments.files, *greens])
    routes = build_routes(snapshots, options=options)
    ending = check_expiry(routes, SystemClock().now())
    routes = replace(routes, problems=(*ending, *routes.problems))
    certificates = collect_certificates(routes, snapshots.values())
    document: Mapping[str, object]
    if is_appgw:
        asked = Asked(routes, certificates, options.active, arguments.config, arguments.appgw)
        document = build_document(asked)
        is_text = False
    elif arguments.gateway is GatewayType.ENVOY:
        document = envoy_document(routes, certificates, options.active)
        is_text = False
    else:
        document = table_document(routes)
        is_text = arguments.output is Format.TEXT
    if is_text:
        print_lines(render_table(routes))
    elif arguments.output is Format.JSON:
        print_document(document)
    elif is_appgw and arguments.output is Format.TEXT:
        print_lines(json.dumps(document, indent=2, ensure_ascii=False).splitlines())
    else:
        print_lines(_render_yaml(document))


def build_options(config: Path | None, active: Cluster | None) -> BuildOptions:
    """Return the options of a gateway's file, or the defaults; `active` outranks the file's."""
    options = BuildOptions()
    if config is not None:
        from bascule.spec.load import parse_gateway

        gateway = parse_gateway(read_file(config), config)
        listeners = (
            Listener(name=x.name, address=x.address, port=x.port, is_tls=x.tls)
            for x in gateway.listeners
        )
        options = BuildOptions(
            listeners=tuple(listeners),
            ingress_classes=gateway.ingress_classes,
            active=gateway.active,
        )
    return options if active is None else replace(options, active=active)


def envoy_document(
    routes: RouteSet, certificates: CertificateStore, active: Cluster
) -> dict[str, Json]:
    """Return what an Envoy would be sent, by kind and name, private keys masked."""
    from bascule.gateway.envoy import protos
    from bascule.gateway.envoy.snapshot import Kind
    from bascule.gateway.envoy.stance import Stance
    from bascule.gateway.envoy.translate import translate

    snapshot = translate(routes, Stance(configured=whole_split(active)), certificates).snapshot
    document: dict[str, Json] = {}
    for kind in Kind:
        found = snapshot.of(kind)
        bodies: dict[str, Json] = {
            name: protos.to_dict(kind, found[name].body) for name in sorted(found)
        }
        if kind is Kind.SECRET:
            bodies = {name: _masked(body) for name, body in bodies.items()}
        document[kind.rpartition(".")[2]] = bodies
    plain: dict[str, Json] = json.loads(json.dumps(document))
    return plain


def _masked(secret: Json) -> Json:
    pair = secret.get("tls_certificate") if isinstance(secret, dict) else None
    if isinstance(secret, dict) and isinstance(pair, dict):
        return {**secret, "tls_certificate": {**pair, "private_key": MASK}}
    return MASK


def _render_yaml(document: Mapping[str, object]) -> list[str]:
    import yaml

    text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=100)
    return text.splitlines()
