from typing import Any

import pytest

from bascule.gateway.appgw.culprits import (
    FOR_PROBES,
    Culprit,
    Suspect,
    find_culprit,
    find_faulty,
    has_probes,
    served_hosts,
)
from bascule.gateway.appgw.part import (
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    PROBES,
    RULES,
    SETTINGS,
    Part,
)
from tests.support.appgw_parts import (
    OWNS,
    Document,
    build_part,
    child,
    merged,
    our_part,
    our_pool,
    probe,
    theirs,
)
from tests.support.appgw_tables import translate_case
from tests.support.arm_gateways import GATEWAY, listener, part, ref, rule, settings, to_pool

SHOP = "shop.example.com"
API = "api.example.com"


def two_hosts() -> Document:
    """Return a document with a host of two paths and one without a path map."""
    shop = our_part()
    api: dict[str, list[Document]] = {
        POOLS: [our_pool("bsc-pool-api")],
        SETTINGS: [settings("bsc-settings-api", probe=ref(PROBES, "bsc-probe-api"))],
        PROBES: [probe("bsc-probe-api")],
        LISTENERS: [listener("bsc-listener-api", API, frontendPort=ref(PORTS, "bsc-port-80"))],
        RULES: [
            rule(
                "bsc-rule-api",
                2_000,
                listener="bsc-listener-api",
                **to_pool("bsc-pool-api", "bsc-settings-api"),
            )
        ],
    }
    more = build_part(api).children
    both = {
        collection: {**shop.children.get(collection, {}), **more.get(collection, {})}
        for collection in {*shop.children, *more}
    }
    return merged(theirs(), Part(children=both))


def found(refusal: str, document: Document | None = None) -> Culprit | None:
    return find_culprit(refusal, document or two_hosts(), OWNS)


def hosts(culprit: Culprit | None) -> set[Any]:
    assert culprit is not None
    return set(culprit.suspects)


def test_a_listener_without_clients_is_nobodys_host() -> None:
    text = """
    ingresses: [{hosts: [a.test]}, {name: b, hosts: [b.test], paths: [{to: api}]}]
    services:
      web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}
      api: {blue: ['10.0.0.2:80'], green: ['10.1.0.2:80']}
    """
    document = merged(theirs(), translate_case(text))

    named = found(f"{GATEWAY}/backendAddressPools/bsc-pool-blue_shop_api_http", document)

    assert "bsc-prepared" in str(document)
    assert served_hosts(document, OWNS) == {"a.test", "b.test"}
    assert hosts(named) == {Suspect("b.test")}
    assert (has_probes(document), has_probes(two_hosts())) == (True, False)


@pytest.mark.parametrize(
    "child",
    [
        f"{LISTENERS}/bsc-prepared",
        f"{RULES}/bsc-prepared",
        f"{PATH_MAPS}/bsc-prepared",
        f"{PATH_MAPS}/bsc-prepared/pathRules/bsc-settings-blue",
        f"{LISTENERS}/bsc-listener-80-a.test {GATEWAY}/{RULES}/bsc-prepared",
    ],
    ids=["listener", "rule", "map", "path of the map", "a host beside it"],
)
def test_what_is_there_for_probes_is_spared_before_any_host(child: str) -> None:
    text = """
    ingresses: [{hosts: [a.test]}, {name: b, hosts: [b.test]}]
    services: {web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}}
    """
    document = merged(theirs(), translate_case(text))

    assert hosts(found(f"{GATEWAY}/{child} is refused", document)) == {FOR_PROBES}


def test_a_map_that_no_rule_names_is_not_there_for_probes() -> None:
    document = merged(theirs(), build_part({PATH_MAPS: [part("bsc-map")]}))

    assert found(f"{GATEWAY}/{PATH_MAPS}/bsc-map is refused", document) is None


@pytest.mark.parametrize(
    ("child_id", "suspects"),
    [
        ("probes/bsc-probe-api", {Suspect(API)}),
        ("httpListeners/bsc-listener-api", {Suspect(API)}),
        ("requestRoutingRules/bsc-rule", {Suspect(SHOP)}),
        ("urlPathMaps/bsc-map-blue", {Suspect(SHOP)}),
        ("urlPathMaps/bsc-map-green", {Suspect(SHOP)}),
        ("urlPathMaps/bsc-map-blue/pathRules/cart", {Suspect(SHOP, "/cart")}),
        ("backendAddressPools/bsc-pool-green", {Suspect(SHOP, "/cart"), Suspect(SHOP, "/")}),
    ],
)
def test_the_child_that_azure_names_leads_to_whom_it_is_there_for(
    child_id: str, suspects: set[Suspect]
) -> None:
    told = f"400 Invalid: Property of '{GATEWAY.upper()}/{child_id}' is wrong; see {GATEWAY}."

    assert hosts(found(told)) == suspects


def test_a_sentence_may_end_with_a_name() -> None:
    assert hosts(found(f"There is no {GATEWAY}/probes/bsc-probe-api.")) == {Suspect(API)}


def test_of_several_names_the_one_that_the_fewest_need_is_meant() -> None:
    told = f"{GATEWAY}/urlPathMaps/bsc-map-blue refers to {GATEWAY}/probes/bsc-probe-api"

    culprit = found(f"{told} on {GATEWAY}/frontendPorts/bsc-port-80")

    assert culprit is not None
    assert culprit.child == ("probes", "bsc-probe-api")
    assert culprit.hosts == {API}


@pytest.mark.parametrize(
    "told",
    [
        "400 Invalid: no reason given",
        f"wrong: {GATEWAY}",
        f"wrong: {GATEWAY}/frontendPorts/bsc-port-80",
        f"wrong: {GATEWAY}/frontendPorts/port-8080",
        f"wrong: {GATEWAY}/probes/bsc-gone",
    ],
    ids=["no id", "the gateway", "what all need", "what is not ours", "what is not there"],
)
def test_what_names_nobody_in_particular_tells_nothing(told: str) -> None:
    assert found(told) is None


def test_a_single_host_is_the_culprit_even_if_all_is_for_it() -> None:
    document = merged(theirs(), our_part())

    assert hosts(found(f"wrong: {GATEWAY}/frontendPorts/bsc-port-80", document)) == {Suspect(SHOP)}


def test_a_listener_without_a_host_is_for_any() -> None:
    document = merged(theirs(), build_part({LISTENERS: [listener("bsc-any")]}))

    assert hosts(found(f"wrong: {GATEWAY}/httpListeners/bsc-any", document)) == {Suspect("*")}


def test_a_child_that_nobody_needs_is_nobodys_fault() -> None:
    document = merged(theirs(), build_part({POOLS: [our_pool()], LISTENERS: [listener("bsc-a")]}))

    assert found(f"wrong: {GATEWAY}/backendAddressPools/bsc-pool-blue", document) is None


def test_a_sound_document_has_no_fault() -> None:
    assert find_faulty(two_hosts(), OWNS) is None


@pytest.mark.parametrize("fault", ["reference", "priority", "listener", "name"])
def test_what_azure_never_takes_is_found_without_its_words(fault: str) -> None:
    document = two_hosts()
    match fault:
        case "reference":
            own = child(document, SETTINGS, "bsc-settings-api")["properties"]
            own["probe"] = ref(PROBES, "bsc-gone")
        case "priority":
            child(document, RULES, "bsc-rule-api")["properties"]["priority"] = 100
        case "listener":
            theirs_too = listener("x", API, frontendPort=ref(PORTS, "bsc-port-80"))
            document["properties"][LISTENERS].append(theirs_too)
        case _:
            long = "bsc-" + "a" * 80
            own = child(document, SETTINGS, "bsc-settings-api")["properties"]
            own["probe"] = ref(PROBES, long)
            document["properties"][PROBES].append(probe(long))

    assert hosts(find_faulty(document, OWNS)) == {Suspect(API)}


def test_only_the_paths_that_lead_to_a_child_are_suspected() -> None:
    document = two_hosts()
    own = child(document, PATH_MAPS, "bsc-map-blue")["properties"]
    way = to_pool("bsc-pool-search", "bsc-settings")
    own["pathRules"] = [*own["pathRules"], part("search", paths=["/search/*"], **way)]
    document["properties"][POOLS].append(our_pool("bsc-pool-search"))

    assert hosts(found(f"{GATEWAY}/backendAddressPools/bsc-pool-search", document)) == {
        Suspect(SHOP, "/search")
    }
    assert hosts(found(f"{GATEWAY}/urlPathMaps/bsc-map-blue/pathRules/search", document)) == {
        Suspect(SHOP, "/search")
    }


def test_a_circle_of_references_comes_to_an_end() -> None:
    document = two_hosts()
    redirects = [
        part("bsc-one", targetListener=ref("redirectConfigurations", "bsc-two")),
        part("bsc-two", targetListener=ref("redirectConfigurations", "bsc-one")),
    ]
    document["properties"]["redirectConfigurations"] = redirects

    assert found(f"wrong: {GATEWAY}/redirectConfigurations/bsc-one", document) is None


def test_a_rule_whose_listener_is_gone_is_for_nobody() -> None:
    document = two_hosts()
    listeners = document["properties"][LISTENERS]
    document["properties"][LISTENERS] = [e for e in listeners if e["name"] != "bsc-listener-api"]

    assert found(f"wrong: {GATEWAY}/requestRoutingRules/bsc-rule-api", document) is None


def test_the_hosts_that_are_served_are_those_of_our_listeners() -> None:
    assert served_hosts(two_hosts(), OWNS) == {SHOP, API}
    assert served_hosts(theirs(), OWNS) == frozenset()
    assert PATH_MAPS in two_hosts()["properties"]
