import copy

from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.appgw.part import PATH_MAPS, POOLS, RULES, Part
from bascule.gateway.appgw.way_back import turn
from tests.support.appgw_parts import OWNS, child, merged, our_part, our_pool, shown, theirs

TAGS = {"bascule-split": "100"}


def test_rules_of_ours_lead_to_the_other_clusters_maps_and_nothing_else_changes() -> None:
    document = shown(merged(theirs(), our_part(cluster="green")))
    before = copy.deepcopy(document)

    body = turn(document, our_part(cluster="blue"), OWNS, tags=TAGS)

    lines = [line for each in diff_documents(document, body, OWNS) for line in each.lines]
    assert lines == [
        "~ tag bascule-split (none) -> 100",
        "~ requestRoutingRules/bsc-rule: urlPathMap bsc-map-green -> bsc-map-blue",
    ]
    assert document == before


def test_pools_hold_what_they_would_hold() -> None:
    document = shown(merged(theirs(), our_part()))

    body = turn(document, our_part(addresses=("10.5.5.5",)), OWNS, tags={})

    found = child(body, POOLS, "bsc-pool-blue")["properties"]["backendAddresses"]
    assert found == [{"ipAddress": "10.5.5.5"}]


def test_a_rule_stays_where_it_is_if_the_map_that_it_would_lead_to_is_not_there() -> None:
    document = shown(merged(theirs(), our_part(cluster="green")))
    maps = document["properties"][PATH_MAPS]
    document["properties"][PATH_MAPS] = [each for each in maps if "green" in each["name"]]

    body = turn(document, our_part(cluster="blue"), OWNS, tags={})

    assert child(body, RULES, "bsc-rule") == child(document, RULES, "bsc-rule")


def test_a_name_of_ours_that_the_table_does_not_know_and_all_of_others_stay() -> None:
    document = shown(merged(theirs(), our_part()))
    document["properties"][POOLS].append(our_pool("bsc-pool-old", "10.3.3.3"))

    body = turn(document, Part(children={}), OWNS, tags={})

    assert body["properties"] == document["properties"]


def test_a_gateway_without_rules_and_pools_stays_without() -> None:
    document = shown(merged(theirs(), our_part()))
    del document["properties"][RULES], document["properties"][POOLS]

    body = turn(document, our_part(cluster="green"), OWNS, tags={})

    assert body["properties"] == document["properties"]
