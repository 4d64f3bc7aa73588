"""The pages outside the resource paths: version, health, discovery, OpenAPI, metrics, keys."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.http import answers, discovery
from bascule.lab.kubeapi.http.call import Api
from bascule.lab.kubeapi.http.formats import Wanted, parse_accept

HEALTH_PATHS: Final = frozenset(("/healthz", "/livez", "/readyz"))
_HEALTH_CHECKS: Final = ("ping", "log", "etcd", "informer-sync")


def page(api: Api, request: web.BaseRequest) -> web.StreamResponse:
    """Answer a GET of a page; NotFoundError for a path that is none."""
    path = request.path.rstrip("/") or "/"
    parts = path.split("/")[1:]
    if f"/{parts[0]}" in HEALTH_PATHS:
        return _health(request, parts)
    if path == "/":
        return answers.answer({"paths": _paths(api)})
    if path == "/version":
        return answers.answer(version_info(api.version))
    if parts[0] in {"api", "apis"}:
        return _discovery(api, request, parts)
    raise refusals.unknown_path()


def version_info(version: str) -> dict[str, str]:
    """Return the answer at `/version` for a release such as `1.33` or `1.33.4`."""
    major, minor, *rest = version.split(".")
    patch = rest[0] if rest else "0"
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{major}.{minor}.{patch}+bascule-lab",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.24.0",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _paths(api: Api) -> list[str]:
    kinds = api.store.kinds()
    groups = [group for group in discovery.group_order(kinds) if group]
    versions = [
        f"/apis/{group}/{version}"
        for group in groups
        for version in discovery.group_versions(kinds, group)
    ]
    pages = ("/metrics", "/openapi/v2", "/openapi/v3", "/version", *HEALTH_PATHS)
    served = ("/api", "/api/v1", "/apis", *pages)
    return sorted((*served, *(f"/apis/{group}" for group in groups), *versions))


def _health(request: web.BaseRequest, parts: list[str]) -> web.Response:
    if len(parts) > 1 and parts[1] not in _HEALTH_CHECKS:
        raise refusals.unknown_path()
    text = "ok"
    if "verbose" in request.query:
        lines = [f"[+]{check} ok" for check in _HEALTH_CHECKS]
        text = "\n".join((*lines, f"{parts[0]} check passed", ""))
    return web.Response(text=text)


def _discovery(api: Api, request: web.BaseRequest, parts: list[str]) -> web.Response:
    kinds = api.store.kinds()
    body: Mapping[str, Any] | None
    if len(parts) == 1:
        minor = api.store.minor
        wanted = parse_accept(
            request.headers.get("Accept", ""), lambda form: _is_aggregation(form, minor)
        )
        if wanted.shape == "discovery":
            return _aggregated(api, parts[0] == "api", wanted.discovery_version)
        body = (
            discovery.core_versions(request.host)
            if parts[0] == "api"
            else discovery.group_list(kinds)
        )
    elif parts[0] == "api":
        body = discovery.resource_list(kinds, "", parts[1])
    elif len(parts) == 2:
        body = discovery.one_group(kinds, parts[1])
    else:
        body = discovery.resource_list(kinds, parts[1], parts[2])
    if body is None:
        raise refusals.unknown_path()
    return answers.answer(body)


def _is_aggregation(form: Wanted, minor: int) -> bool:
    since = discovery.AGGREGATED_SINCE.get(form.discovery_version)
    return form.shape == "discovery" and since is not None and minor >= since


def _aggregated(api: Api, core: bool, version: str) -> web.Response:  # noqa: FBT001 - two pages
    body = discovery.aggregated(api.store.kinds(), discovery_version=version, core=core)
    kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    return answers.answer(body, content_type=kind)
