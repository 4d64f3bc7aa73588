"""What holds for every table that is translated for an Application Gateway."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.azure.document import Document, list_at, number_at, text_at, texts_at
from bascule.gateway.appgw.limits import headroom
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, RULES, Facts, Part, Standing
from bascule.gateway.appgw.settings import (
    AppGwSettings,
    BackendsKind,
    Limits,
    LoadBalancer,
    Mechanism,
)
from bascule.gateway.appgw.translate.choice import may_change
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.lab.arm.network.gateways.rules import check_document
from bascule.routing.explain import matches_path
from bascule.routing.model import Host, PathKind, Route, RoutingTable
from bascule.routing.weights import Split, Weights
from tests.support.appgw_tables import FACTS, SETTINGS, build_routes, whole_document

API = "2024-07-01"
FEW = settings(max_examples=25, deadline=None)
HOSTS = ("a.test", "b.a.test", "c.test", "*.a.test", "*.test", "")
PATHS = ("/", "/foo", "/foo/bar", "/Foo", "/foobar", "/st*r")
ASKED = ("/", "/foo", "/foo/", "/foo/bar", "/foo/bar/x", "/foobar", "/other")
SERVICES = ("web", "api", "gone")
ANNOTATIONS: Mapping[str, tuple[str, ...]] = {
    "appgw-ssl-certificate": ("Wild", "gone"),
    "backend-protocol": ("https", "nonsense"),
    "hostname-extension": ("c.test", "x.test, y.test, z.test, u.test, v.test, *.w.test"),
    "override-frontend-port": ("8080", "443", "70000"),
    "rewrite-rule-set": ("headers", "gone"),
    "rule-priority": ("5", "10"),
    "ssl-redirect": ("true", "false"),
    "use-private-ip": ("true",),
    "cookie-based-affinity": ("true",),
    "health-probe-path": ("/healthz",),
}

_annotations = st.dictionaries(
    st.sampled_from(sorted(ANNOTATIONS)), st.integers(0, 1), max_size=2
).map(lambda found: {key: ANNOTATIONS[key][n % len(ANNOTATIONS[key])] for key, n in found.items()})
_paths = st.fixed_dictionaries(
    {
        "path": st.sampled_from(PATHS),
        "kind": st.sampled_from(("Exact", "Prefix")),
        "to": st.sampled_from(SERVICES),
    }
)
_ingresses = st.fixed_dictionaries(
    {
        "hosts": st.lists(st.sampled_from(HOSTS), min_size=1, max_size=3, unique=True),
        "paths": st.lists(_paths, min_size=1, max_size=3),
        "annotations": _annotations,
        "in": st.sampled_from((["blue"], ["green"], ["blue", "green"], ["blue", "green"])),
    },
    optional={"tls": st.sampled_from(("cert", "missing"))},
)
_endpoints = st.lists(
    st.sampled_from(("10.0.0.1:80", "10.0.0.9:80", "10.0.0.10:80", "10.0.0.2:81")),
    max_size=3,
    unique=True,
)
_services = st.fixed_dictionaries(
    {"blue": _endpoints, "green": _endpoints},
    optional={"app_protocol": st.sampled_from(("https", "grpc"))},
)


@st.composite
def _worlds(draw: st.DrawFn) -> dict[str, Any]:
    ingresses = draw(st.lists(_ingresses, max_size=4))
    for number, each in enumerate(ingresses):
        each["name"] = f"i{number}"
    return {
        "ingresses": ingresses,
        "services": {name: draw(_services) for name in SERVICES[:2]},
        "secrets": ["cert"],
    }


_weights = st.sampled_from((0, 10_000, 10_000, 7_500, 5_000)).map(Weights)
_splits = st.builds(
    Split, _weights, st.dictionaries(st.sampled_from(("a.test", "*")), _weights, max_size=1)
)
_settings = st.builds(
    lambda mechanism, backends, shares, most: replace(
        SETTINGS,
        mechanism=mechanism,
        backends=backends,
        shares_accepted=shares,
        load_balancers={c: LoadBalancer(address="10.9.0.1") for c in Cluster},
        limits=Limits(backend_pools=most, listeners=most, probes=most, path_rules_a_map=2),
    ),
    st.sampled_from(Mechanism),
    st.sampled_from(BackendsKind),
    st.booleans(),
    st.sampled_from((100, 100, 4, 1)),
)
_facts = st.sampled_from(
    (
        FACTS,
        replace(FACTS, private_frontend=""),
        replace(
            FACTS,
            certificates=frozenset({"wild"}),
            rewrite_sets=frozenset({"headers"}),
            ports={80: "theirs"},
            priorities=frozenset({5, 7}),
            listeners=frozenset({("public", 80, "a.test")}),
            protocols={("public", 80): "Http"},
            used={LISTENERS: 1, RULES: 1},
        ),
    )
)


_standings = st.one_of(
    st.none(),
    st.builds(
        lambda mechanism, split, is_held: Standing(
            mechanism=mechanism, split=split, is_held=is_held
        ),
        st.sampled_from((Mechanism.RULES, Mechanism.POOLS)),
        _splits,
        st.booleans(),
    ),
)
_facts_standing = st.builds(
    lambda facts, standing: replace(facts, standing=standing), _facts, _standings
)
_OF_CHOICE = frozenset({"SwitchedByPools", "GatewayFull"})
"""Codes of Problems whose words depend on what else could be chosen."""


@FEW
@given(_worlds(), _splits, _settings, _facts)
def test_azure_takes_whatever_comes_out(
    world: dict[str, Any], split: Split, asked: AppGwSettings, facts: Facts
) -> None:
    part = Translator(asked).translate(_table(world, split), facts)

    if part.children[RULES]:
        check_document(whole_document(part, facts), API)
    priorities = {number_at(r, "properties", "priority") for r in part.children[RULES].values()}
    assert len(priorities) == len(part.children[RULES])
    assert not priorities & facts.priorities
    assert all(len(name) <= 80 for found in part.children.values() for name in found)


@FEW
@given(_worlds(), _splits, _settings, _facts)
def test_what_comes_out_is_within_the_limits(
    world: dict[str, Any], split: Split, asked: AppGwSettings, facts: Facts
) -> None:
    part = Translator(asked).translate(_table(world, split), facts)

    assert asked.limits is not None
    is_default = [*part.children[RULES]] == ["bsc-default"]
    assert is_default or all(each.left >= 0 for each in headroom(part, facts, asked.limits))


@FEW
@given(st.lists(st.tuples(_worlds(), _splits, _facts), min_size=2, max_size=4), _settings)
def test_one_translator_gives_what_a_fresh_one_gives(
    steps: list[tuple[dict[str, Any], Split, Facts]], asked: AppGwSettings
) -> None:
    translator = Translator(asked)

    for world, split, facts in steps:
        table = _table(world, split)
        assert translator.translate(table, facts) == Translator(asked).translate(table, facts)


@FEW
@given(_worlds(), _splits, _settings, _facts_standing)
def test_auto_is_what_rules_or_pools_give_whole(
    world: dict[str, Any],
    split: Split,
    asked: AppGwSettings,
    facts: Facts,
) -> None:
    standing = facts.standing
    table = _table(world, split)

    auto, rules, pools = (
        Translator(replace(asked, mechanism=each)).translate(table, facts)
        for each in (Mechanism.AUTO, Mechanism.RULES, Mechanism.POOLS)
    )

    same = {Mechanism.RULES: rules, Mechanism.POOLS: pools}[auto.choice.mechanism]
    assert auto.children == same.children
    assert auto.certificates == same.certificates
    assert {each for each in auto.problems if each.code not in _OF_CHOICE} == {
        each for each in same.problems if each.code not in _OF_CHOICE
    }
    left_out = [_count_left_out(each) for each in (rules, pools)]
    if standing is None or may_change(split, standing):
        assert _count_left_out(auto) == min(left_out)
    else:
        assert auto.choice.mechanism is standing.mechanism


@FEW
@given(_worlds(), _splits, _settings, _facts_standing)
def test_what_auto_has_chosen_it_chooses_again(
    world: dict[str, Any],
    split: Split,
    asked: AppGwSettings,
    facts: Facts,
) -> None:
    asked = replace(asked, mechanism=Mechanism.AUTO)
    table = _table(world, split)
    first = Translator(asked).translate(table, facts)
    live = Standing(mechanism=first.choice.mechanism, split=split)
    after = replace(facts, standing=live)
    is_held = facts.standing is not None and not may_change(split, facts.standing)

    second = Translator(asked).translate(table, after.held() if is_held else after)

    assert second.children == first.children


@FEW
@given(_worlds(), _settings, _facts)
def test_a_switch_of_all_hosts_changes_rules_only(
    world: dict[str, Any], asked: AppGwSettings, facts: Facts
) -> None:
    asked = replace(asked, mechanism=Mechanism.RULES)
    blue, green = (
        Translator(asked).translate(_table(world, Split(Weights.all_to(cluster))), facts)
        for cluster in Cluster
    )

    assert {name for name in blue.children if blue.children[name] != green.children[name]} <= {
        RULES
    }


@FEW
@given(_worlds(), st.sampled_from(Cluster), st.sampled_from(Mechanism))
def test_each_path_leads_to_its_own_backend_or_to_nobody(
    world: dict[str, Any], cluster: Cluster, mechanism: Mechanism
) -> None:
    for each in world["ingresses"]:
        each["annotations"], each["tls"] = {}, "cert"
    table = _table(world, Split(Weights.all_to(cluster)))
    part = Translator(replace(SETTINGS, mechanism=mechanism)).translate(table, FACTS)

    for host in table.routes.hosts:
        for path in ASKED:
            expected = _expected(host, path, cluster)
            if expected is not None:
                assert _led_to(part, host, path) == expected, (host.name, path)


def _table(world: dict[str, Any], split: Split) -> RoutingTable:
    return RoutingTable(routes=build_routes(world), split=split)


def _count_left_out(part: Part) -> int:
    return sum(each.code == "GatewayFull" for each in part.problems)


def _expected(host: Host, path: str, cluster: Cluster) -> set[str] | None:
    """Return the addresses that are to answer; None where the gateway cannot tell paths apart."""
    known = [r for r in host.routes if "*" not in r.match.path]
    if any(r.match.path == "/" and r.match.kind is PathKind.EXACT for r in known):
        return None
    if len({r.match.path.lower() for r in known}) < len({r.match.path for r in known}):
        return None
    route = next((r for r in known if matches_path(_folded(r).match, path.lower())), None)
    if route is None:
        return set()
    backend = route.backend(route.bound_to or cluster)
    assert backend is not None
    ports = [endpoint.port for endpoint in backend.endpoints]
    if backend.protocol == "h2c" or not ports:
        return set()
    port = min(ports, key=lambda number: (-ports.count(number), number))
    return {endpoint.address for endpoint in backend.endpoints if endpoint.port == port}


def _folded(route: Route) -> Route:
    return replace(route, match=replace(route.match, path=route.match.path.lower()))


def _led_to(part: Part, host: Host, path: str) -> set[str]:
    """Return the addresses to which the gateway leads, read as Azure documents it."""
    rule = next(_rules_of(part, host), None)
    if rule is None:
        return set()
    name = _last(rule, "properties", "backendAddressPool", "id")
    if not name:
        path_map = part.children[PATH_MAPS][_last(rule, "properties", "urlPathMap", "id")]
        found = (
            _last(each, "properties", "backendAddressPool", "id")
            for each in list_at(path_map, "properties", "pathRules")
            if any(_matches(pattern, path) for pattern in texts_at(each, "properties", "paths"))
        )
        default = _last(path_map, "properties", "defaultBackendAddressPool", "id")
        name = next(found, default)
    members = list_at(part.children[POOLS][name], "properties", "backendAddresses")
    return {text_at(each, "ipAddress") for each in members}


def _rules_of(part: Part, host: Host) -> Iterator[Document]:
    names = {
        name
        for name, each in part.children[LISTENERS].items()
        if text_at(each, "properties", "protocol") == "Https"
        and (texts_at(each, "properties", "hostNames") or ("*",))[0] == host.name
    }
    for rule in part.children[RULES].values():
        if _last(rule, "properties", "httpListener", "id") in names:
            yield rule


def _matches(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.lower().startswith(pattern[:-1].lower())
    return path.lower() == pattern.lower()


def _last(document: Document, *at: str) -> str:
    return text_at(document, *at).rpartition("/")[2]
