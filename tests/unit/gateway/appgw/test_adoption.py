import copy

import pytest

from bascule.gateway.appgw.adoption import (
    adopt_document,
    count_of_agic,
    find_agic_prefixes,
    plan_exchange,
    with_tags,
)
from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, PORTS, RULES, SETTINGS
from bascule.gateway.ownership import Owns, owns_of
from tests.support.agic_gateway import DIGEST, HOST, OTHER_HOST, agic_gateway
from tests.support.appgw_parts import Document, merged, our_part, shown
from tests.support.appgw_tables import translate_case
from tests.support.arm_gateways import gateway, pool

ADOPTED = Owns(prefix="bsc-", owner="shop", adopted=True)


def first_table(document: Document, **part: object) -> Document:
    tagged = adopt_document(document, owner="shop", agic_prefix="")
    return merged(tagged, our_part(**part), ADOPTED)  # type: ignore[arg-type]  # as our_part takes them


def test_a_listener_without_clients_is_no_host_that_changes() -> None:
    text = """
    ingresses: [{hosts: [a.test]}]
    services: {web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}}
    """
    before = agic_gateway()
    after = merged(before, translate_case(text), ADOPTED)

    exchange = plan_exchange(before, after, ADOPTED)

    assert "bascule.invalid" in str(after)
    assert "bascule.invalid" not in str(exchange.hosts)


@pytest.mark.parametrize("prefix", ["", "team-a-"])
def test_names_tell_what_prefix_agic_was_given(prefix: str) -> None:
    assert find_agic_prefixes(agic_gateway(prefix)) == (prefix,)


def test_a_gateway_without_agics_names_tells_of_no_prefix() -> None:
    assert find_agic_prefixes(shown(gateway({"blue": []}))) == ()


def test_objects_of_two_agics_are_told_apart() -> None:
    document = agic_gateway()
    document["properties"][POOLS].append(pool("b-defaultaddresspool"))

    assert find_agic_prefixes(document) == ("", "b-")


def test_what_is_agics_is_counted_by_collection() -> None:
    assert count_of_agic(agic_gateway("a-"), "a-") == {
        POOLS: 3,
        LISTENERS: 2,
        PATH_MAPS: 1,
        RULES: 2,
    }


def test_the_take_over_differs_in_two_tags_alone() -> None:
    document = agic_gateway()
    before = copy.deepcopy(document)

    body = adopt_document(document, owner="shop", agic_prefix="a-")

    changes = diff_documents(document, body, ADOPTED)
    assert [each.name for each in changes] == ["tag bascule-adopted", "tag bascule-owner"]
    assert body["properties"] is document["properties"]
    assert document == before
    tags = body["tags"]
    assert isinstance(tags, dict)
    assert owns_of(tags, prefix="bsc-", owner="shop") == Owns(
        prefix="bsc-", owner="shop", adopted=True, agic_prefix="a-"
    )


def test_a_tag_of_ours_in_another_case_is_replaced() -> None:
    found = with_tags({"tags": {"Bascule-Owner": "a", "team": "b"}}, {"bascule-owner": "shop"})

    assert found["tags"] == {"team": "b", "bascule-owner": "shop"}


def test_the_first_table_takes_agics_place_and_leaves_the_rest_alone() -> None:
    document = agic_gateway()

    exchange = plan_exchange(document, first_table(document), ADOPTED)

    assert exchange.removed == {POOLS: 3, LISTENERS: 2, PATH_MAPS: 1, RULES: 2}
    assert exchange.added[LISTENERS] == 1
    assert exchange.stays == {PORTS: 2, SETTINGS: 1, POOLS: 1, LISTENERS: 1, RULES: 1}
    assert exchange.touched == ()


def test_each_host_says_what_becomes_of_it_and_those_that_nobody_would_serve_are_lost() -> None:
    document = agic_gateway()

    exchange = plan_exchange(document, first_table(document, host=OTHER_HOST), ADOPTED)

    told = {each.place.host: each.told() for each in exchange.hosts if each.place.port == 8080}
    assert told == {
        HOST: f"{HOST}:8080 (public): 2 paths to 10.0.0.1, 10.0.0.2, 10.0.0.3 -> nobody",
        OTHER_HOST: f"{OTHER_HOST}:8080 (public): 1 path to 10.0.0.3 -> nobody",
    }
    assert exchange.lost == (OTHER_HOST, HOST)


def test_a_host_that_stays_as_it_is_is_said_so() -> None:
    document = agic_gateway()

    exchange = plan_exchange(document, document, ADOPTED)

    assert exchange.hosts[0].told().endswith("1 path to 10.0.0.3, as before")
    assert exchange.lost == ()


def test_what_differs_of_somebody_elses_is_named() -> None:
    document = agic_gateway()
    after = copy.deepcopy(document)
    after["properties"][POOLS][0] = pool("blue", "10.9.9.8")

    exchange = plan_exchange(document, after, ADOPTED)

    assert exchange.touched == ("~ backendAddressPools/blue: backendAddresses -10.9.9.9 +10.9.9.8",)


def test_names_of_agic_end_with_the_digest() -> None:
    assert find_agic_prefixes({"properties": {RULES: [{"name": f"rr-{DIGEST}-mine"}]}}) == ()


def test_pods_that_come_and_go_do_not_change_what_a_person_agreed_to() -> None:
    document = agic_gateway()
    moved = copy.deepcopy(document)
    for each in moved["properties"][POOLS]:
        for address in each["properties"].get("backendAddresses", []):
            address["ipAddress"] = "10.240.9.9"
    was = plan_exchange(document, first_table(document), ADOPTED)

    now = plan_exchange(moved, first_table(moved), ADOPTED)
    other = plan_exchange(document, first_table(document, host=OTHER_HOST), ADOPTED)

    assert now != was
    assert now.gist == was.gist
    assert other.gist != was.gist
