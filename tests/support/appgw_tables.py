"""Routing tables for an Application Gateway from a few words of YAML, and its children as YAML.

The tables are built from real Ingresses, Services and slices of both clusters.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from bascule.gateway.appgw.part import COLLECTIONS, Facts, Part, WideRule
from bascule.gateway.appgw.settings import (
    AppGwSettings,
    BackendsKind,
    LoadBalancer,
    Mechanism,
)
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.manifest.objects import ManifestObject, Metadata, TlsSecret
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.incremental import Builder
from bascule.routing.model import BackendProtocol, RouteSet, RoutingTable
from bascule.routing.options import BuildOptions
from bascule.routing.weights import Split, parse_weights
from tests.support.arm_gateways import GATEWAY, gateway
from tests.support.raw_objects import parsed
from tests.support.routing_worlds import certificate_pair

Document = dict[str, Any]

FACTS = Facts(public_frontend="public", private_frontend="private")
SETTINGS = AppGwSettings(gateway_id=GATEWAY, owner="shop")
ANNOTATIONS = "appgw.ingress.kubernetes.io/"
OPTIONS = BuildOptions(reads_probes=True, reads_rewrites=True, told_elsewhere=ANNOTATIONS)

_OF_NO_INTEREST: Document = {
    "requireServerNameIndication": False,
    "pickHostNameFromBackendAddress": False,
    "pickHostNameFromBackendHttpSettings": False,
    "minServers": 0,
    "cookieBasedAffinity": "Disabled",
    "connectionDraining": {"enabled": True, "drainTimeoutInSec": 30},
}


def read_case(text: str) -> tuple[AppGwSettings, RoutingTable, Facts]:
    """Return what a case written as YAML is translated from."""
    document: Document = yaml.safe_load(text)
    split = Split(
        parse_weights(document.get("weights", {"blue": "100"})),
        {name: parse_weights(found) for name, found in document.get("by_host", {}).items()},
    )
    previews = document.get("previews")
    arrangement = Arrangement(preview=Preview(hosts=previews) if previews else None)
    routes = build_routes(document)
    table = RoutingTable(routes=routes, split=split, arrangement=arrangement)
    return _settings(document.get("settings", {})), table, _facts(document.get("facts", {}))


def build_routes(document: Document) -> RouteSet:
    """Return the routes of both clusters' objects."""
    snapshots = {
        cluster: ClusterSnapshot.of(_objects(document, cluster))
        for cluster in Cluster
        if cluster.value not in document.get("without", [])
    }
    return Builder(OPTIONS).build(snapshots)


def translate_case(text: str) -> Part:
    """Return the part for a case written as YAML."""
    settings, table, facts = read_case(text)
    return Translator(settings).translate(table, facts)


def whole_document(part: Part, facts: Facts = FACTS) -> Document:
    """Return a gateway's document with a part in it, and what facts name of others'."""
    named: Document = {
        "frontendPorts": list(facts.ports.values()),
        "sslCertificates": facts.certificates,
        "sslProfiles": facts.ssl_profiles,
        "trustedRootCertificates": facts.trusted_roots,
        "rewriteRuleSets": facts.rewrite_sets,
    }
    collections: Document = {name: [] for name in COLLECTIONS}
    for name, others in named.items():
        collections[name] = [{"name": each, "properties": {"port": 1}} for each in sorted(others)]
    for name, ours in part.children.items():
        collections.setdefault(name, []).extend(
            copy.deepcopy([dict(each) for each in ours.values()])
        )
    document = gateway(**collections)
    document["properties"]["gatewayIPConfigurations"] = [{"name": "ip", "properties": {}}]
    document["properties"]["sku"]["capacity"] = 2
    return document


def show(part: Part) -> str:
    """Return children and problems, readable, without what is always alike."""
    shown: Document = {
        name: {child: _plain(found[child]["properties"]) for child in found}
        for name in COLLECTIONS
        if (found := part.children[name])
    }
    shown["problems"] = [
        f"{each.severity} {each.code} {each.cluster}/{each.namespace}/{each.name}: {each.message}"
        for each in part.problems
    ]
    text = json.dumps(shown).replace(f"{GATEWAY}/", "")
    return yaml.safe_dump(json.loads(text), sort_keys=True, width=100)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if [*value] == ["id"]:
        return value["id"]
    return {
        key: _plain(each) for key, each in value.items() if each != _OF_NO_INTEREST.get(key, "~")
    }


def _settings(document: Document) -> AppGwSettings:
    fields: Document = dict(document)
    if "mechanism" in fields:
        fields["mechanism"] = Mechanism(fields["mechanism"])
    if "backends" in fields:
        fields["backends"] = BackendsKind(fields["backends"])
    if "load_balancers" in fields:
        fields["load_balancers"] = {
            Cluster(name): LoadBalancer(**_protocol(found))
            for name, found in fields["load_balancers"].items()
        }
    if "limits" in fields and fields["limits"] is not None:
        assert SETTINGS.limits is not None
        fields["limits"] = replace(SETTINGS.limits, **fields["limits"])
    if "hosts" in fields:
        fields["hosts"] = tuple(fields["hosts"])
    return replace(SETTINGS, **fields)


def _protocol(document: Document) -> Document:
    if "protocol" not in document:
        return document
    return {**document, "protocol": BackendProtocol(document["protocol"])}


def _facts(document: Document) -> Facts:
    fields: Document = dict(document)
    for name in ("certificates", "ssl_profiles", "trusted_roots", "rewrite_sets", "priorities"):
        if name in fields:
            fields[name] = frozenset(fields[name])
    if "listeners" in fields:
        fields["listeners"] = frozenset(tuple(each) for each in fields["listeners"])
    if "wide_rules" in fields:
        fields["wide_rules"] = tuple(WideRule(**each) for each in fields["wide_rules"])
    if "protocols" in fields:
        fields["protocols"] = {(f, port): spoken for f, port, spoken in fields["protocols"]}
    return replace(FACTS, **fields)


def _objects(document: Document, cluster: Cluster) -> list[ManifestObject]:
    raws: list[Document] = []
    for number, each in enumerate(document.get("ingresses", [])):
        if cluster.value in each.get("in", [*Cluster]):
            raws.append(_ingress(each, number))
    for name, each in document.get("services", {}).items():
        raws += _service(name, each, cluster)
    for each in document.get("objects", []):
        raws.append(each)
    secrets = [
        TlsSecret(meta=Metadata(namespace="shop", name=name), pair=certificate_pair(name))
        for name in document.get("secrets", [])
    ]
    return [*parsed(*raws), *secrets]


def _ingress(each: Document, number: int) -> Document:
    annotations = {
        key if "/" in key else f"{ANNOTATIONS}{key}": str(value)
        for key, value in each.get("annotations", {}).items()
    }
    hosts = each.get("hosts", ["shop.example.com"])
    paths = [_path(path) for path in each.get("paths", [{}])]
    spec: Document = {
        "ingressClassName": "bascule",
        "rules": [{"host": host, "http": {"paths": paths}} for host in hosts],
    }
    if "default" in each:
        spec["defaultBackend"] = _backend(each["default"])
        if "paths" not in each:
            del spec["rules"]
    if "tls" in each:
        spec["tls"] = [{"hosts": hosts, "secretName": each["tls"]}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": each.get("name", "shop"),
            "namespace": "shop",
            "creationTimestamp": f"2026-01-01T00:00:{number:02}Z",
            "annotations": annotations,
        },
        "spec": spec,
    }


def _path(each: Document) -> Document:
    return {
        "path": each.get("path", "/"),
        "pathType": each.get("kind", "Prefix"),
        "backend": _backend(each.get("to", "web")),
    }


def _backend(name: str) -> Document:
    return {"service": {"name": name, "port": {"number": 80}}}


def _service(name: str, each: Document, cluster: Cluster) -> list[Document]:
    meta: Document = {"namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}
    port: Document = {"name": "http", "port": 80}
    if "app_protocol" in each:
        port["appProtocol"] = each["app_protocol"]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**meta, "name": name},
        "spec": {"ports": [port]},
    }
    found: list[Document] = [service]
    for number, addresses in enumerate(_slices(each.get(cluster.value, []))):
        slice_name = f"{name}-{number}"
        slice_meta = {**meta, "name": slice_name, "labels": {"kubernetes.io/service-name": name}}
        found.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": slice_meta,
                "addressType": "IPv4",
                "ports": [{"name": "http", "port": int(addresses[0].split(":")[1].split()[0])}],
                "endpoints": [_endpoint(address) for address in addresses],
            }
        )
    return found


def _slices(addresses: list[str]) -> list[list[str]]:
    """Return the addresses by port, each `ADDRESS:PORT` with a state behind it."""
    by_port: dict[str, list[str]] = {}
    for address in addresses:
        by_port.setdefault(address.split(":")[1].split()[0], []).append(address)
    return [*by_port.values()]


def _endpoint(text: str) -> Document:
    place, _, state = text.partition(" ")
    conditions = {
        "ready": state == "",
        "serving": state in ("", "terminating"),
        "terminating": state == "terminating",
    }
    return {"addresses": [place.split(":")[0]], "conditions": conditions}
