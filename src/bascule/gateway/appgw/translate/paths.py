"""Routes of a host as a path map: the gateway takes the first path that matches, as listed.

So the longest come first, and Exact before Prefix. A Prefix is two paths, `/foo` and `/foo/*`, so
that it does not match `/foobar`. Paths are compared without case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bascule.azure.document import Document
from bascule.gateway.appgw.part import REWRITES
from bascule.gateway.appgw.settings import Limits
from bascule.gateway.appgw.translate.asked import Asked, find_name, find_root
from bascule.gateway.appgw.translate.backends import Backends
from bascule.gateway.appgw.translate.rewrites import build_rewrite
from bascule.gateway.appgw.translate.sheet import Sheet
from bascule.routing.model import Match, PathKind, Severity
from bascule.routing.weights import Weights

POLICY = "firewallPolicy"


@dataclass(frozen=True, slots=True)
class PathRule:
    """One route and the paths that are its own; more than one route where nobody answers them."""

    asked: Asked
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """A host's path rules in order, and the route for all else, if it has one."""

    rules: tuple[PathRule, ...]
    root: Asked | None


def plan_paths(routes: Sequence[Asked], sheet: Sheet) -> Paths:
    """Return which paths lead where, each path once."""
    taken: dict[str, Asked] = {}
    rules: list[PathRule] = []
    root = find_root(routes)
    for asked in routes:
        match = asked.route.match
        if match.path == "/":
            _check_root(asked, sheet)
            continue
        if not asked.is_path_known:
            continue
        paths = _paths_of(match)
        own = tuple(path for path in paths if path.lower() not in taken)
        for other in {taken[p.lower()].where: None for p in paths if p.lower() in taken}:
            if other != asked.where:
                _report_case(asked, other, sheet)
        taken |= {path.lower(): asked for path in own}
        if own:
            rules.append(PathRule(asked, own))
    return Paths(tuple(_fitting(rules, sheet)), root)


def build_path_map(paths: Paths, wanted: Weights, backends: Backends, sheet: Sheet) -> Document:
    """Return the properties of the path map under which requests go to `wanted`."""
    pool, settings = backends.lead(paths.root, wanted) if paths.root else sheet.put_nothing()
    properties: dict[str, object] = {
        "defaultBackendAddressPool": pool,
        "defaultBackendHttpSettings": settings,
        "pathRules": [_build_rule(rule, wanted, backends, sheet) for rule in paths.rules],
    }
    rewrite = put_rewrite(paths.root, sheet)
    if rewrite is not None:
        properties["defaultRewriteRuleSet"] = rewrite
    return properties


def put_rewrite(asked: Asked | None, sheet: Sheet) -> Document | None:
    """Return a reference to the rewrite rules of a route, written down if they are ours."""
    if asked is None or asked.is_refused:
        return None
    options, site = asked.options, sheet.site
    if options.rewrite_resource and options.rewrite_name:
        name = site.names.rewrite(options.rewrite_name, options.rewrite_resource)
        return sheet.put(REWRITES, name, build_rewrite(options.rewrite_resource))
    if options.rewrite_set:
        name = find_name(site.facts.rewrite_sets, options.rewrite_set) or options.rewrite_set
        return site.ref(REWRITES, name)
    return None


def _build_rule(rule: PathRule, wanted: Weights, backends: Backends, sheet: Sheet) -> Document:
    pool, settings = backends.lead(rule.asked, wanted)
    properties: dict[str, object] = {
        "paths": list(rule.paths),
        "backendAddressPool": pool,
        "backendHttpSettings": settings,
    }
    rewrite = put_rewrite(rule.asked, sheet)
    if rewrite is not None:
        properties["rewriteRuleSet"] = rewrite
    if rule.asked.options.waf_policy and not rule.asked.is_refused:
        properties[POLICY] = {"id": rule.asked.options.waf_policy}
    name = sheet.site.names.path_rule(rule.asked.route.match)
    return {"name": name, "properties": properties}


def _paths_of(match: Match) -> tuple[str, ...]:
    if match.kind is PathKind.EXACT:
        return (match.path,)
    return (match.path, f"{match.path}/*")


def _report_case(asked: Asked, other: str, sheet: Sheet) -> None:
    message = (
        f"{asked.where}: the gateway compares paths without case, and {other} has it; its "
        "requests go there"
    )
    sheet.report(asked.route, "PathsDifferByCase", message)


def _check_root(asked: Asked, sheet: Sheet) -> None:
    if asked.route.match.kind is PathKind.EXACT:
        message = (
            f"{asked.where}: the gateway has no Exact match for /; what the host's Prefix / leads "
            "to answers it, or without one this answers all that no other path of the host does"
        )
        sheet.report(asked.route, "PathWidened", message, Severity.WARNING)


def _fitting(rules: list[PathRule], sheet: Sheet) -> Iterator[PathRule]:
    """Yield as many rules as a map takes; the rest, the shortest paths, are nobody's together."""
    limits: Limits | None = sheet.site.settings.limits
    if limits is None or len(rules) <= limits.path_rules_a_map:
        yield from rules
        return
    most = limits.path_rules_a_map - 1
    yield from rules[:most]
    left = rules[most:]
    for rule in left:
        message = (
            f"{rule.asked.where}: its host has {len(rules)} paths and a path map takes "
            f"{limits.path_rules_a_map}; its requests are answered by nobody. Give some paths a "
            "host of their own, or let one Prefix stand for several"
        )
        sheet.report(rule.asked.route, "TooManyPaths", message)
    paths = tuple(path for rule in left for path in rule.paths)
    yield PathRule(replace(left[0].asked, is_refused=True), paths)
