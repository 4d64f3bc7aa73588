from typing import Any

from bascule.gateway.appgw.merge import is_same, merge
from bascule.gateway.appgw.part import POOLS
from bascule.gateway.appgw.slim import slim
from tests.support.appgw_parts import OWNS, TAGS, child, merged, our_part, shown, theirs


def _keys(value: Any) -> set[str]:
    if isinstance(value, list):
        return {key for each in value for key in _keys(each)}
    if not isinstance(value, dict):
        return set()
    inside = {key for each in value.values() for key in _keys(each)}
    return {*value, *inside} - ({"id"} if [*value] == ["id"] else set())


def test_what_azure_writes_on_our_children_is_not_sent_back_and_says_nothing() -> None:
    document = shown(merged(theirs(), our_part()))

    sent: Any = slim(document, OWNS)

    ours = [
        each
        for found in sent["properties"].values()
        if isinstance(found, list)
        for each in found
        if each["name"].startswith("bsc-")
    ]
    assert len(ours) == 9
    noise = {"id", "etag", "type", "provisioningState", "requestRoutingRules", "urlPathMaps"}
    assert not noise & {key for each in ours for key in _keys(each)}
    assert is_same(sent, document)


def test_what_is_somebody_elses_and_the_gateways_own_is_sent_as_it_was_read() -> None:
    document = shown(merged(theirs(somethingNew={"a": [1]}), our_part()))

    sent: Any = slim(document, OWNS)

    assert child(sent, POOLS, "blue") == child(document, POOLS, "blue")
    assert "etag" in child(sent, POOLS, "blue")
    assert {key: sent[key] for key in sent if key != "properties"} == {
        key: document[key] for key in document if key != "properties"
    }
    assert sent["properties"]["somethingNew"] == {"a": [1]}


def test_a_child_that_is_new_is_sent_as_it_is() -> None:
    wanted = merge(theirs(), our_part(), OWNS, pfx={}, tags=TAGS)

    assert slim(wanted, OWNS) == wanted
