"""A group of routes as listeners, rules, redirects, and the path maps or pool behind them.

Where requests go stands in the rules alone when both clusters have path maps of their own: a switch
changes the map that a rule names.
"""

from dataclasses import dataclass

from bascule.azure.document import Document
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    LISTENERS,
    PATH_MAPS,
    PORTS,
    REDIRECTS,
    RULES,
)
from bascule.gateway.appgw.settings import Mechanism
from bascule.gateway.appgw.translate.asked import Asked
from bascule.gateway.appgw.translate.backends import BOTH, Backends, Stance
from bascule.gateway.appgw.translate.doors import HTTP, HTTPS, Door
from bascule.gateway.appgw.translate.groups import Group
from bascule.gateway.appgw.translate.paths import (
    POLICY,
    Paths,
    build_path_map,
    plan_paths,
    put_rewrite,
)
from bascule.gateway.appgw.translate.sheet import Sheet
from bascule.ids import Cluster
from bascule.routing.model import CertificateRef
from bascule.routing.weights import Weights

FRONTENDS = "frontendIPConfigurations"
PROFILES = "sslProfiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A group with the listeners that it was granted, and where its requests go."""

    group: Group
    doors: tuple[Door, ...]
    stance: Stance


def write_group(framed: Framed, sheet: Sheet) -> None:
    """Write all children of a group onto the sheet; none where it has no listener."""
    if not framed.doors:
        return
    way = _build_way(framed, sheet)
    for door in framed.doors:
        listener = _put_listener(framed.group, door, sheet)
        properties = {"priority": door.priority, "httpListener": listener, **way}
        sheet.put(RULES, sheet.site.names.rule(door.place), properties)
        if door.redirect_names:
            _put_redirect(framed.group, door, listener, sheet)


def put_port(number: int, sheet: Sheet) -> Document:
    """Return a reference to the frontend port of a number, written down if nobody has it."""
    there = sheet.site.facts.ports.get(number)
    if there is not None:
        return sheet.site.ref(PORTS, there)
    return sheet.put(PORTS, sheet.site.names.port(number), {"port": number})


def write_route(framed: Framed, asked: Asked, sheet: Sheet) -> None:
    """Write only what a route of the group leads to, whichever cluster has the requests."""
    backends = Backends(sheet, framed.stance, framed.group.probe_host)
    for weights in _prepared(framed, sheet):
        backends.lead(asked, weights)
    put_rewrite(asked, sheet)


def _prepared(framed: Framed, sheet: Sheet) -> list[Weights]:
    """Return where ways lead that are there: first that of the rules, then to the other cluster."""
    routes = framed.group.routes
    present = [c for c in Cluster if any(r.route.backend(c) is not None for r in routes)]
    wanted = Weights.all_to(present[0]) if len(present) == 1 else framed.stance.wanted
    if framed.stance.is_fixed or sheet.site.settings.mechanism is Mechanism.POOLS:
        return [wanted]
    return list(dict.fromkeys((wanted, *map(Weights.all_to, present))))


def _build_way(framed: Framed, sheet: Sheet) -> dict[str, object]:
    """Return where the rules of a group lead; the way to the other cluster is there as well."""
    backends = Backends(sheet, framed.stance, framed.group.probe_host)
    paths = plan_paths(framed.group.routes, sheet)
    way, *_ = [
        _build_way_to(weights, paths, backends, framed) for weights in _prepared(framed, sheet)
    ]
    return way


def _build_way_to(
    weights: Weights, paths: Paths, backends: Backends, framed: Framed
) -> dict[str, object]:
    sheet = backends.sheet
    if paths.root is not None and not paths.rules:
        pool, settings = backends.lead(paths.root, weights)
        basic: dict[str, object] = {
            "ruleType": "Basic",
            "backendAddressPool": pool,
            "backendHttpSettings": settings,
        }
        rewrite = put_rewrite(paths.root, sheet)
        return basic if rewrite is None else {**basic, "rewriteRuleSet": rewrite}
    tag = ""
    if sheet.site.settings.mechanism is Mechanism.RULES:
        tag = weights.only.value if weights.only is not None else BOTH
    name = sheet.site.names.path_map(framed.doors[0].place, tag)
    properties = build_path_map(paths, weights, backends, sheet)
    return {"ruleType": "PathBasedRouting", "urlPathMap": sheet.put(PATH_MAPS, name, properties)}


def _put_listener(group: Group, door: Door, sheet: Sheet) -> Document:
    properties = _frame(group, group.port, door.names, sheet)
    properties["protocol"] = HTTPS if group.is_tls else HTTP
    if isinstance(group.certificate, CertificateRef):
        name = sheet.site.names.certificate(group.certificate)
        sheet.certificates[name] = group.certificate.digest
        properties["sslCertificate"] = sheet.put(CERTIFICATES, name, {})
    elif group.certificate is not None:
        properties["sslCertificate"] = sheet.site.ref(CERTIFICATES, group.certificate)
    if group.ssl_profile:
        properties["sslProfile"] = sheet.site.ref(PROFILES, group.ssl_profile)
    if group.waf_policy:
        properties[POLICY] = {"id": group.waf_policy}
    return sheet.put(LISTENERS, sheet.site.names.listener(door.place), properties)


def _put_redirect(group: Group, door: Door, target: Document, sheet: Sheet) -> None:
    names = sheet.site.names
    redirect = {
        "redirectType": "Permanent",
        "targetListener": target,
        "includePath": True,
        "includeQueryString": True,
    }
    properties = _frame(group, sheet.site.settings.http_port, door.redirect_names, sheet)
    listener = sheet.put(LISTENERS, names.listener(door.redirect_place), properties)
    rule = {
        "ruleType": "Basic",
        "priority": door.redirect_priority,
        "httpListener": listener,
        "redirectConfiguration": sheet.put(REDIRECTS, names.redirect(door.place), redirect),
    }
    sheet.put(RULES, names.rule(door.redirect_place), rule)


def _frame(group: Group, port: int, names: tuple[str, ...], sheet: Sheet) -> dict[str, object]:
    return {
        "frontendIPConfiguration": sheet.site.ref(FRONTENDS, group.frontend),
        "frontendPort": put_port(port, sheet),
        "protocol": HTTP,
        "hostNames": [name for name in names if name != "*"],
        "requireServerNameIndication": False,
    }
