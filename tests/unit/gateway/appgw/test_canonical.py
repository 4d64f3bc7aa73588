from typing import Any

import pytest

from bascule.gateway.appgw.canonical import (
    back_references,
    canonical_child,
    canonical_gateway,
    canonical_properties,
    is_collection,
    is_unspoken,
    spoken_of,
)
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, PROBES, RULES, SETTINGS
from tests.support.arm_gateways import part, ref


@pytest.mark.parametrize(
    ("collection", "properties", "told"),
    [
        (PROBES, {"interval": 30, "timeout": 31, "match": {}}, {"timeout": 31}),
        (SETTINGS, {"protocol": "HTTPS", "requestTimeout": 30}, {"protocol": "https"}),
        (SETTINGS, {"connectionDraining": {"enabled": False, "drainTimeoutInSec": 1}}, {}),
        (
            SETTINGS,
            {"connectionDraining": {"enabled": True, "drainTimeoutInSec": 1}},
            {"connectionDraining": {"enabled": True, "drainTimeoutInSec": 1}},
        ),
        (
            SETTINGS,
            {"path": "", "hostName": "", "affinityCookieName": ""},
            {"affinityCookieName": ""},
        ),
        (LISTENERS, {"hostNames": ["b", "a"]}, {"hostNames": ["a", "b"]}),
        (RULES, {"ruleType": "Basic", "priority": 1}, {"priority": 1}),
        ("sslCertificates", {"data": "x", "password": "y", "publicCertData": "z"}, {}),
        (POOLS, {"id": "x", "requestRoutingRules": [{"id": "x"}], "pathRules": [1]}, {}),
    ],
)
def test_defaults_and_noise_say_nothing(
    collection: str, properties: dict[str, Any], told: dict[str, Any]
) -> None:
    assert canonical_properties(collection, properties) == told


def test_path_rules_keep_their_order_and_lose_their_noise() -> None:
    rules = [
        part("B", paths=["/b"], provisioningState="Succeeded"),
        {**part("a", paths=["/a"], backendAddressPool=ref(POOLS, "X")), "etag": "e"},
    ]

    told = canonical_child(PATH_MAPS, part("m", pathRules=rules, requestRoutingRules=[]))

    assert told["properties"] == {
        "pathRules": [
            {"name": "b", "properties": {"paths": ["/b"]}},
            {
                "name": "a",
                "properties": {
                    "paths": ["/a"],
                    "backendAddressPool": {"id": ref(POOLS, "x")["id"].lower()},
                },
            },
        ]
    }


def test_what_stands_beside_a_childs_properties_counts() -> None:
    assert canonical_child(POOLS, {"name": "a", "zones": ["1"], "etag": "e"}) == {
        "zones": ["1"],
        "properties": {},
    }


def test_a_gateway_is_told_without_its_children_and_states() -> None:
    document = {
        "id": "/g",
        "etag": "e",
        "location": "China North 2",
        "properties": {"sku": {"tier": "WAF_v2"}, "probes": [part("a")], "operationalState": "X"},
    }

    assert canonical_gateway(document) == {"location": "chinanorth2", "sku": {"tier": "waf_v2"}}
    assert canonical_gateway({}) == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"name": "a"}], True),
        ([], False),
        ([{"name": 1}], False),
        (["a"], False),
        ({"name": "a"}, False),
    ],
)
def test_a_collection_is_a_list_of_things_with_names(value: object, *, expected: bool) -> None:
    assert is_collection(value) is expected


def test_settings_refer_to_probes_and_probes_only_show_it() -> None:
    assert "backendHttpSettings" in back_references(PROBES)
    assert "backendHttpSettings" not in back_references(RULES)
    assert "pathRules" not in back_references(PATH_MAPS)


def test_what_the_translation_never_says_is_not_ours_to_set() -> None:
    assert is_unspoken(LISTENERS, "customErrorConfigurations")
    assert not is_unspoken(LISTENERS, "hostNames")
    assert not is_unspoken(LISTENERS, "provisioningState")
    assert not is_unspoken(POOLS, "requestRoutingRules")


def test_of_path_rules_too_only_what_we_say_counts() -> None:
    rule = {"name": "a", "properties": {"paths": ["/a"], "new": 1}}
    told = spoken_of(PATH_MAPS, {"pathRules": [rule], "new": 1})

    assert told == {"pathRules": [{"name": "a", "properties": {"paths": ["/a"]}}]}
    assert spoken_of("unknown", {"a": 1}) == {}
