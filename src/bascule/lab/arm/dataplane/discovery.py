"""The files by which an Envoy is told what to do, as text by their places below its directory."""

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from bascule.lab.arm.dataplane.translate.backends import Backend
from bascule.lab.arm.dataplane.translate.frontends import Frontend
from bascule.lab.arm.dataplane.translate.gateway import Json

CLUSTERS = "clusters/all.json"
LISTENERS = "listeners/all.json"
ADMIN_SOCKET = "admin.sock"
BOOTSTRAP = "envoy.json"
ENDPOINT_FILES_MAX = 16
_VERSION_CHARS = 16
_REGEX_SIZE_MAX = 100_000
"""Envoy's own limit of 100 refuses a listener with five long host names."""
_ADMIN_PATHS = ("/ready", "/stats", "/clusters")


def build_bootstrap(directory: Path, name: str) -> str:
    """Return what an Envoy of this directory starts with; it runs in the directory."""
    document = {
        "node": {"id": name, "cluster": "application-gateway"},
        "admin": {
            "address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}},
            "allow_paths": [{"prefix": path} for path in _ADMIN_PATHS],
        },
        "dynamic_resources": {
            "cds_config": _source(directory / CLUSTERS),
            "lds_config": _source(directory / LISTENERS),
        },
        "layered_runtime": {
            "layers": [
                {
                    "name": "lab",
                    "static_layer": {"re2.max_program_size.error_level": _REGEX_SIZE_MAX},
                }
            ]
        },
    }
    return json.dumps(document, indent=1)


def cluster_files(
    directory: Path, backends: Mapping[str, Backend], endpoints: Mapping[str, Json]
) -> dict[str, str]:
    """Return the file of all clusters, after the files of their endpoints where they have some.

    Few clusters have files of endpoints, so that a change of servers leaves the others' health and
    connections alone. Many have their endpoints within: Envoy spends an inotify instance on each
    file, and a user has 128 of these.
    """
    if len(backends) > ENDPOINT_FILES_MAX:
        inline = [
            backend.cluster | {"type": "STATIC", "load_assignment": _without_type(endpoints[name])}
            for name, backend in sorted(backends.items())
        ]
        return {CLUSTERS: _file(inline)}
    files = {endpoints_place(name): _file([endpoints[name]]) for name in sorted(backends)}
    by_file = [
        backend.cluster
        | {"eds_cluster_config": {"eds_config": _source(directory / endpoints_place(name))}}
        for name, backend in sorted(backends.items())
    ]
    return {**files, CLUSTERS: _file(by_file)}


def endpoints_place(name: str) -> str:
    """Return where the file of a cluster's endpoints is."""
    return f"endpoints/{name}.json"


def routes_place(frontend: Frontend) -> str:
    """Return where the file of a frontend's routes is."""
    return f"routes/{frontend.name}.json"


def routes_file(frontend: Frontend) -> str:
    """Return the file of a frontend's routes."""
    return _file([frontend.routes])


def listeners_file(directory: Path, frontends: Iterable[Frontend], generation: int) -> str:
    """Return the file of all listeners.

    The generation is in the name of every filter chain: a new one drains the connections of all.
    """
    return _file([_listener(directory, frontend, generation) for frontend in frontends])


def version_of(text: str) -> str:
    """Return the version that Envoy shows for a file once it is in force."""
    version: str = json.loads(text)["version_info"]
    return version


def statistics_of(places: Mapping[str, str]) -> dict[str, str]:
    """Return the version that each statistic of Envoy's must show, for files by their places."""
    return {_statistic(place): version_of(text) for place, text in places.items()}


def _statistic(place: str) -> str:
    if place == CLUSTERS:
        return "cluster_manager.cds.version_text"
    if place == LISTENERS:
        return "listener_manager.lds.version_text"
    kind, _, name = place.removesuffix(".json").partition("/")
    if kind == "endpoints":
        return f"cluster.{name}.version_text"
    return f".rds.{name}.version_text"  # below the first that asked for these routes


def _listener(directory: Path, frontend: Frontend, generation: int) -> Json:
    listener = copy.deepcopy(frontend.listener)
    default = listener.get("default_filter_chain")
    chains = [*listener["filter_chains"], *([default] if default else [])]
    for number, chain in enumerate(chains):
        chain["name"] = f"{generation}-{number}"
        for each in chain["filters"]:
            each["typed_config"]["rds"] = {
                "route_config_name": frontend.name,
                "config_source": _source(directory / routes_place(frontend)),
            }
    return listener


def _source(path: Path) -> Json:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def _file(resources: list[Json]) -> str:
    text = json.dumps(resources, indent=1)
    version = hashlib.sha256(text.encode()).hexdigest()[:_VERSION_CHARS]
    return json.dumps({"version_info": version, "resources": resources}, indent=1)


def _without_type(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key != "@type"}
