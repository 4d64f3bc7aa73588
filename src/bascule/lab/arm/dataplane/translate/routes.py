"""Rules, path maps and what they lead to, as Envoy's routes: the first that matches decides."""

import re
from dataclasses import dataclass

from bascule.lab.arm.dataplane.translate.backends import Backends
from bascule.lab.arm.dataplane.translate.gateway import Child, Gateway, Json, child_of
from bascule.lab.arm.dataplane.translate.hosts import host_names, match_hosts
from bascule.lab.arm.dataplane.translate.probes import seconds
from bascule.lab.arm.dataplane.translate.redirects import build_redirect
from bascule.lab.arm.dataplane.translate.rewrites import Rewrite, plan_rewrites

REQUEST_TIMEOUT_S = 30
AFFINITY_COOKIE = "ApplicationGatewayAffinity"
AFFINITY_FILTER = "envoy.filters.http.stateful_session"
_AFFINITY = "type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3"
_COOKIE_STATE = "type.googleapis.com/envoy.extensions.http.stateful_session.cookie.v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A path that matches, and the rule, path rule or path map that says where it leads.

    `keys` are the names of its references: path maps call theirs by other names.
    """

    owner: Child
    path: str = ""
    """Such as `/images/*`; empty for every path."""
    keys: tuple[str, str, str, str] = (
        "redirectConfiguration",
        "backendAddressPool",
        "backendHttpSettings",
        "rewriteRuleSet",
    )


_DEFAULT_KEYS = (
    "defaultRedirectConfiguration",
    "defaultBackendAddressPool",
    "defaultBackendHttpSettings",
    "defaultRewriteRuleSet",
)


def build_routes(gateway: Gateway, rule: Child, listener: Child, backends: Backends) -> list[Json]:
    """Return the routes of a rule, for the hosts of its listener."""
    return [
        route
        for way in _ways(gateway, rule)
        for route in _build_way(gateway, way, listener, backends)
    ]


def _ways(gateway: Gateway, rule: Child) -> list[_Way]:
    paths = gateway.find("urlPathMaps", rule.properties.get("urlPathMap"))
    if rule.text("ruleType", "Basic").lower() == "basic" or paths is None:
        return [_Way(owner=rule)]
    ways = [
        _Way(owner=path_rule, path=path)
        for path_rule in map(child_of, paths.items("pathRules"))
        for path in path_rule.items("paths")
    ]
    return [*ways, _Way(owner=paths, keys=_DEFAULT_KEYS)]


def _build_way(gateway: Gateway, way: _Way, listener: Child, backends: Backends) -> list[Json]:
    redirect_key, pool_key, settings_key, rewrites_key = way.keys
    match = _match_path(way.path)
    hosts = match_hosts(host_names(listener))
    if hosts:
        match["headers"] = hosts
    redirect = gateway.find("redirectConfigurations", way.owner.properties.get(redirect_key))
    if redirect is not None:
        port = gateway.need("frontendPorts", listener, "frontendPort").number("port")
        return [{"match": match, "redirect": build_redirect(gateway, redirect, from_port=port)}]
    pool = gateway.need("backendAddressPools", way.owner, pool_key)
    settings = gateway.need("backendHttpSettingsCollection", way.owner, settings_key)
    cluster = backends.use(pool, settings).name
    rewrites = gateway.find("rewriteRuleSets", way.owner.properties.get(rewrites_key))
    return [
        _forward(settings, cluster, way.path, rewrite) | {"match": _narrow(match, rewrite)}
        for rewrite in plan_rewrites(rewrites)
    ]


def _forward(settings: Child, cluster: str, path: str, rewrite: Rewrite) -> Json:
    action: Json = {
        "cluster": cluster,
        "timeout": "0s",
        # Azure's time-out is for silence of the backend, before its answer and within it.
        "retry_policy": {
            "num_retries": 0,
            "per_try_idle_timeout": seconds(settings.number("requestTimeout", REQUEST_TIMEOUT_S)),
        },
    }
    if rewrite.host:
        action["host_rewrite_literal"] = rewrite.host
    elif settings.text("hostName"):
        action["host_rewrite_literal"] = settings.text("hostName")
    elif settings.flag("pickHostNameFromBackendAddress"):
        action["auto_host_rewrite"] = True
    changed_path = rewrite.path or _override(settings.text("path"), path)
    if changed_path is not None:
        action["regex_rewrite"] = changed_path
    route: Json = {"route": action, **rewrite.changes}
    if settings.enabled("cookieBasedAffinity"):
        route["typed_per_filter_config"] = {AFFINITY_FILTER: _affinity(settings)}
    return route


def _match_path(path: str) -> Json:
    """Azure compares paths without case; `*` stands at the end or nowhere."""
    if not path:
        return {"prefix": "/"}
    if path.endswith("*"):
        return {"prefix": path.removesuffix("*"), "case_sensitive": False}
    return {"path": path, "case_sensitive": False}


def _narrow(match: Json, rewrite: Rewrite) -> Json:
    if not rewrite.conditions:
        return match
    return match | {"headers": [*match.get("headers", ()), *rewrite.conditions]}


def _override(override: str, path: str) -> Json | None:
    """Return how the part of the path that matched is replaced by that of the settings."""
    if not override:
        return None
    if path and not path.endswith("*"):
        return {"pattern": {"regex": "^.*$"}, "substitution": override.replace("\\", "\\\\")}
    matched = re.escape(path.removesuffix("*").rstrip("/"))
    base = override if override.endswith("/") else f"{override}/"
    return {
        "pattern": {"regex": f"(?i)^{matched}/?"},
        "substitution": base.replace("\\", "\\\\"),
    }


def _affinity(settings: Child) -> Json:
    name = settings.text("affinityCookieName", AFFINITY_COOKIE)
    state = {
        "@type": f"{_COOKIE_STATE}.CookieBasedSessionState",
        "cookie": {"name": name, "path": "/"},
    }
    return {
        "@type": f"{_AFFINITY}.StatefulSessionPerRoute",
        "stateful_session": {
            "session_state": {"name": "envoy.http.stateful_session.cookie", "typed_config": state}
        },
    }
