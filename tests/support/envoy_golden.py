"""Reads a small routing table from YAML and shows Envoy's resources as YAML."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.snapshot import Kind, Snapshot
from bascule.gateway.envoy.stance import Stance
from bascule.gateway.envoy.translate import translate
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.routing.certificates import Certificate, CertificateStore
from bascule.routing.model import (
    BackendProtocol,
    Host,
    PathKind,
    Route,
    RouteSettings,
)
from bascule.routing.weights import Split, parse_weights
from tests.support import tables

Document = dict[str, Any]


def translate_document(text: str) -> Snapshot:
    """Return the resources for a table written as YAML."""
    document: Document = yaml.safe_load(text)
    certificates = {name: Certificate(name.encode(), b"key") for name in _secrets(document)}
    hosts = [_host(item, certificates) for item in document["hosts"]]
    routes = tables.route_set(hosts, port=8080, tls_port=8443 if document.get("tls") else None)
    stance = Stance(
        Split(
            parse_weights(document.get("weights", {"blue": "100"})),
            {name: parse_weights(w) for name, w in document.get("by_host", {}).items()},
        ),
        {scope: Cluster(name) for scope, name in document.get("forced", {}).items()},
    )
    store = CertificateStore({c.digest: c for c in certificates.values()})
    arrangement = _arrangement(document.get("arrangement", {}))
    return translate(routes, stance, store, arrangement=arrangement).snapshot


def show_snapshot(snapshot: Snapshot, kinds: Mapping[str, Kind]) -> str:
    """Return the resources of these kinds, readable, in a stable order."""
    shown = {
        name: [protos.to_dict(kind.value, r.body) for r in snapshot.of(kind).values()]
        for name, kind in kinds.items()
    }
    return yaml.safe_dump(json.loads(json.dumps(shown)), sort_keys=True, width=100)


def _arrangement(document: Document) -> Arrangement:
    preview, mirror, affinity = (document.get(k) for k in ("preview", "mirror", "affinity"))
    return Arrangement(
        preview=preview and Preview(**preview),
        mirror=mirror and Mirror(**mirror),
        affinity=affinity and Affinity(**{**affinity, "kind": AffinityKind(affinity["kind"])}),
    )


def _secrets(document: Document) -> list[str]:
    return sorted({item["secret"] for item in document["hosts"] if "secret" in item})


def _host(item: Document, certificates: Mapping[str, Certificate]) -> Host:
    secret = item.get("secret", "")
    host = tables.host(
        item["name"],
        *(_route(route) for route in item.get("routes", [{}])),
        certificate=certificates.get(secret),
        secret=secret,
        is_tls=item.get("tls", False),
    )
    if host.certificate is None:
        return host
    names = tuple(item.get("names", [item["name"]]))
    return replace(host, certificate=replace(host.certificate, names=names))


def _route(item: Document) -> Route:
    protocol = BackendProtocol(item.get("protocol", "http"))
    both = {
        cluster: tables.backend(cluster, item.get("service", "web"), *ports, protocol=protocol)
        for cluster in Cluster
        if (ports := item.get(cluster.value, [80])) is not None
    }
    affinity = item.get("affinity", {})
    defaults = Affinity()
    settings = RouteSettings(
        ssl_redirect=item.get("ssl_redirect", False),
        timeout_s=item.get("timeout_s"),
        retries=item.get("retries", 2),
        affinity=Affinity(
            kind=AffinityKind(affinity.get("kind", defaults.kind.value)),
            name=affinity.get("name", defaults.name),
        ),
    )
    return tables.route(
        both.get(Cluster.BLUE),
        both.get(Cluster.GREEN),
        path=item.get("path", "/"),
        kind=PathKind(item.get("kind", "Prefix")),
        settings=settings,
    )
