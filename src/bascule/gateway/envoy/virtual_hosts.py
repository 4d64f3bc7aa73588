"""A host of the routing table becomes a virtual host of Envoy."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.previews import VIRTUAL_HOST
from bascule.gateway.envoy.route_entries import (
    RETRIES_DEFAULT,
    Fields,
    HostSplit,
    Manner,
    build_answer,
    build_entries,
    build_path,
    build_preview_entry,
    build_retry_policy,
)
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.model import Host, Route
from bascule.routing.preview import TARGET, PreviewHost
from bascule.routing.weights import Split

NO_CERTIFICATE_BODY = "This host is served by TLS only, and its certificate is missing.\n"
NOT_COVERED_BODY = "This preview is served by TLS only, and the certificate is not for its name.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a listener serves its hosts."""

    is_tls: bool
    https_port: int
    """Where ssl_redirect leads to; 443 is left out of the URL."""


Recipe = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all hosts of a listener are built under. `fallback` is the host `*`, if there is one."""

    split: Split
    serving: Serving
    fallback: Host | None = None
    arrangement: Arrangement = NOTHING_ARRANGED
    previews: Mapping[str, PreviewHost] = field(default_factory=dict)
    """Of the hosts, those that show another one."""

    @property
    def context(self) -> Recipe:
        """All that can change a virtual host beside its own host."""
        below = () if self.fallback is None else shape_of(self.fallback)
        return (self.split, self.serving, below, self.arrangement)

    def manner(self, host: str) -> Manner:
        """Return how the routes of `host` are served."""
        return Manner(
            split=HostSplit.of(self.split, host),
            arrangement=self.arrangement,
            is_tls=self.serving.is_tls,
        )


def recipe_of(host: Host, setting: Setting) -> Recipe:
    """Return all that the virtual host of `host` is made from: equal ones make equal bytes."""
    arrangement, preview = setting.arrangement, setting.previews.get(host.name)
    header = arrangement.preview.header if arrangement.preview else ""
    recipe: Recipe = (
        shape_of(host),
        HostSplit.of(setting.split, host.name),
        setting.serving,
        (header, arrangement.mirror, arrangement.affinity),
        None if preview is None else preview.host.name,
    )
    fallback = _fallback_of(host, setting)
    if fallback is not None:
        recipe += (shape_of(fallback), HostSplit.of(setting.split, fallback.name))
    return recipe


def shape_of(host: Host) -> Recipe:
    """Return all of a host that its virtual host depends on: of endpoints whether there are any."""
    routes = tuple(
        (
            r.match,
            r.settings,
            *((b.name, b.is_ready) if b is not None else None for b in (r.blue, r.green)),
        )
        for r in host.routes
    )
    return (host.is_tls, host.certificate is None, routes)


def build_virtual_host(host: Host, setting: Setting) -> bytes:
    """Return the serialised virtual host of `host`."""
    preview = setting.previews.get(host.name)
    is_closed = host.is_tls and host.certificate is None
    if preview is not None and preview.host.certificate is not None:
        is_closed = False  # what is not redirected to TLS may be seen without
    if is_closed:
        return build_answering_host(host.name, [host.name], status=503, body=NO_CERTIFICATE_BODY)
    if preview is not None:
        routes = [_preview_route(route, preview, setting) for route in host.routes]
    else:
        routes = [*_host_routes(host, setting)]
    if host.name.startswith("*."):
        routes = [*_by_label_count(host, routes, setting)]
    return serialise(
        protos.message("envoy.config.route.v3.VirtualHost")(
            name=VIRTUAL_HOST,
            domains=[host.name],
            routes=routes,
            retry_policy=build_retry_policy(RETRIES_DEFAULT),
        )
    )


def build_answering_host(name: str, domains: list[str], *, status: int, body: str) -> bytes:
    """Return a serialised virtual host that answers every request with `status`."""
    answer = build_answer({"prefix": "/"}, body, status)
    return serialise(
        protos.message("envoy.config.route.v3.VirtualHost")(
            name=name, domains=domains, routes=[answer]
        )
    )


def serialise(value: Any) -> bytes:
    """Return the bytes of a message; the same message gives the same bytes."""
    return bytes(value.SerializeToString(deterministic=True))


def _fallback_of(host: Host, setting: Setting) -> Host | None:
    return setting.fallback if host.name.startswith("*.") else None


def _by_label_count(host: Host, routes: list[Fields], setting: Setting) -> Iterator[Fields]:
    """Yield the routes for one more label, then those of the host `*` for what has more.

    Envoy's `*.foo.com` takes any number of labels, an Ingress's just one.
    """
    for route in routes:
        yield _only_for(route, host.name, invert=False)
    fallback = _fallback_of(host, setting)
    if fallback is not None:
        for route in _host_routes(fallback, setting):
            yield _only_for(route, host.name, invert=True)


def _only_for(route: Fields, name: str, *, invert: bool) -> Fields:
    regex = r"(?i)[^.]+" + re.escape(name.removeprefix("*"))
    condition = {
        "name": ":authority",
        "string_match": {"safe_regex": {"regex": regex}},
        "invert_match": invert,
    }
    match = route["match"]
    return {**route, "match": {**match, "headers": [condition, *match.get("headers", ())]}}


def _host_routes(host: Host, setting: Setting) -> Iterator[Fields]:
    manner = setting.manner(host.name)
    for route in host.routes:
        if _is_redirected(host, route, setting.serving):
            yield _redirect(route, setting.serving)
        else:
            yield from build_entries(route, manner)


def _preview_route(route: Route, preview: PreviewHost, setting: Setting) -> Fields:
    path = build_path(route.match)
    if _is_redirected(preview.host, route, setting.serving):
        if preview.is_covered:
            return _redirect(route, setting.serving)
        return build_answer(path, NOT_COVERED_BODY)
    entry = build_preview_entry(path, route, TARGET)
    if "route" in entry:
        entry["route"]["host_rewrite_literal"] = preview.host.name
    return entry


def _is_redirected(host: Host, route: Route, serving: Serving) -> bool:
    return host.is_tls and route.settings.ssl_redirect and not serving.is_tls


def _redirect(route: Route, serving: Serving) -> Fields:
    redirect: Fields = {"https_redirect": True, "response_code": "PERMANENT_REDIRECT"}
    if serving.https_port != 443:
        redirect["port_redirect"] = serving.https_port
    return {"match": build_path(route.match), "redirect": redirect}
