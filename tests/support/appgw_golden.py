"""Reads an application gateway's document from YAML and shows what Envoy is told as YAML."""

import copy
import json
from typing import Any

import yaml

from bascule.lab.arm.dataplane.translate.backends import build_endpoints
from bascule.lab.arm.dataplane.translate.translation import Translation, translate
from tests.support.arm_gateways import FRONTEND_ADDRESSES, GATEWAY

Document = dict[str, Any]

_OF_NO_INTEREST = ("@type", "local_reply_config", "circuit_breakers", "http_protocol_options")


def read_document(text: str) -> Document:
    """Return a document; `GW` in it stands for the gateway's id."""
    return {
        "id": GATEWAY,
        "name": "AppGateway",
        "properties": yaml.safe_load(text.replace("GW/", f"{GATEWAY}/")),
    }


def translate_document(text: str) -> Translation:
    """Return what the instances are to do for a document written as YAML."""
    return translate(read_document(text), FRONTEND_ADDRESSES)


def show(translation: Translation) -> str:
    """Return what Envoy is told, without what is the same for all, in a stable order."""
    shown = {
        "clusters": [
            {"cluster": each.cluster, "endpoints": build_endpoints(each, each.servers)}
            for each in translation.backends.values()
        ],
        "listeners": [each.listener for each in translation.frontends.values()],
        "routes": [each.routes for each in translation.frontends.values()],
    }
    plain = _without(copy.deepcopy(json.loads(json.dumps(shown))))
    return yaml.safe_dump(plain, sort_keys=True, width=100)


def as_static(translation: Translation) -> Document:
    """Return a bootstrap that holds all that Envoy is told otherwise, for it to validate."""
    listeners = []
    for frontend in translation.frontends.values():
        listener = _plain(copy.deepcopy(frontend.listener))
        for chain in listener["filter_chains"]:
            chain["filters"][0]["typed_config"]["route_config"] = _plain(frontend.routes)
        listeners.append(listener)
    clusters = [
        _plain(each.cluster)
        | {"type": "STATIC", "load_assignment": _plain(build_endpoints(each, each.servers))}
        for each in translation.backends.values()
    ]
    limit = {"re2.max_program_size.error_level": 100_000}
    return {
        "static_resources": {"clusters": clusters, "listeners": listeners},
        "layered_runtime": {"layers": [{"name": "lab", "static_layer": limit}]},
    }


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(each) for k, each in value.items() if k not in _OF_NO_INTEREST}
    if isinstance(value, list):
        return [_without(each) for each in value]
    return value


def _plain(resource: Document) -> Document:
    return {key: value for key, value in resource.items() if key != "@type"}
