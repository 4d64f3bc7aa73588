"""Redirects: to another listener of the gateway, or to a URL."""

from urllib.parse import urlsplit

from bascule.lab.arm.dataplane.translate.gateway import Child, Gateway, Json
from bascule.lab.arm.dataplane.translate.hosts import host_names

_CODES = {
    "permanent": "MOVED_PERMANENTLY",
    "found": "FOUND",
    "seeother": "SEE_OTHER",
    "temporary": "TEMPORARY_REDIRECT",
}
_USUAL_PORTS = {"http": 80, "https": 443}


def build_redirect(gateway: Gateway, redirect: Child, *, from_port: int) -> Json:
    """Return Envoy's redirect action for requests that come to a frontend port."""
    listener = gateway.find("httpListeners", redirect.properties.get("targetListener"))
    target = _to_listener(gateway, listener, from_port) if listener else _to_url(redirect)
    action: Json = {
        **target,
        "response_code": _CODES[redirect.text("redirectType", "Permanent").lower()],
        "strip_query": not redirect.flag("includeQueryString"),
    }
    base = action.pop("path_redirect", "/")
    if not redirect.flag("includePath"):
        action["path_redirect"] = base
    elif base.rstrip("/"):
        action["regex_rewrite"] = {
            "pattern": {"regex": "^/"},
            "substitution": base.rstrip("/").replace("\\", "\\\\") + "/",
        }
    return action


def _to_listener(gateway: Gateway, listener: Child, from_port: int) -> Json:
    scheme = "https" if listener.is_https else "http"
    port = gateway.need("frontendPorts", listener, "frontendPort").number("port")
    action: Json = {"scheme_redirect": scheme}
    names = host_names(listener)
    has_host = len(names) == 1 and "*" not in names[0]
    if has_host:
        action["host_redirect"] = names[0]
    # Without a host of its own a redirect keeps the request's, and the port that stands there.
    if port != _USUAL_PORTS[scheme] or (not has_host and from_port not in _USUAL_PORTS.values()):
        action["port_redirect"] = port
    return action


def _to_url(redirect: Child) -> Json:
    url = urlsplit(redirect.text("targetUrl"))
    action: Json = {
        "scheme_redirect": url.scheme,
        "host_redirect": url.hostname or "",
        "path_redirect": (url.path or "/") + (f"?{url.query}" if url.query else ""),
    }
    if url.port and url.port != _USUAL_PORTS.get(url.scheme):
        action["port_redirect"] = url.port
    return action
