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


def build_redirect(gateway: Gateway, redirect: Child) -> Json:
    """Return Envoy's redirect action."""
    listener = gateway.find("httpListeners", redirect.properties.get("targetListener"))
    target = _to_listener(gateway, listener) if listener else _to_url(redirect)
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


def _to_listener(gateway: Gateway, listener: Child) -> Json:
    scheme = "https" if listener.is_https else "http"
    port = gateway.need("frontendPorts", listener, "frontendPort").number("port")
    action: Json = {"scheme_redirect": scheme}
    names = host_names(listener)
    if len(names) == 1 and "*" not in names[0]:
        action["host_redirect"] = names[0]
    # Said even where it is the usual one: the request may have come to another.
    action["port_redirect"] = port
    return action


def _to_url(redirect: Child) -> Json:
    url = urlsplit(redirect.text("targetUrl"))
    return {
        "scheme_redirect": url.scheme,
        "host_redirect": url.hostname or "",
        "port_redirect": url.port or _USUAL_PORTS.get(url.scheme, 80),
        "path_redirect": (url.path or "/") + (f"?{url.query}" if url.query else ""),
    }
