from dataclasses import replace

import pytest

from bascule.azure.document import Document, text_at
from bascule.errors import InvariantError
from bascule.gateway.appgw.change import TableChange, build_missing, describe, is_switch
from bascule.gateway.appgw.difference import ChangeKind, ChildChange
from bascule.gateway.appgw.merge import is_same
from bascule.gateway.appgw.part import COLLECTIONS, Part
from bascule.gateway.appgw.settings import AppGwSettings, Mechanism
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import RouteSet
from tests.support import pki, tables
from tests.support.arm_gateways import GATEWAY, gateway
from tests.support.tables import ALL_BLUE, ALL_GREEN

OWNS = Owns(prefix="bsc-", owner="shop")
SETTINGS = AppGwSettings(gateway_id=GATEWAY, owner="shop")


def _change(collection: str, kind: ChangeKind = ChangeKind.CHANGED, **more: bool) -> ChildChange:
    lines = (f"~ {collection}",)
    ours = {"is_ours": True, **more}
    return ChildChange(collection=collection, name="bsc-a", kind=kind, lines=lines, **ours)


def _routes() -> RouteSet:
    pair = (tables.backend(cluster, "web", 8080, address="10.1.0.4") for cluster in Cluster)
    return tables.route_set([tables.host("shop.example.com", tables.route(*pair))])


def test_a_table_in_a_document_is_the_same_however_often_it_is_put_there() -> None:
    table = tables.table(_routes())
    change = TableChange(table, EMPTY_STORE, translator=Translator(SETTINGS), owns=OWNS)

    once = change(gateway())
    twice = change(once)

    assert is_same(once, twice)
    assert once["tags"] == {
        "bascule-owner": "shop",
        "bascule-table": table.digest[:16],
        "bascule-split": "100",
    }
    assert change.problems == ()


def test_pools_are_told_by_a_tag_and_rules_after_them() -> None:
    table = tables.table(_routes())
    settings = {each: replace(SETTINGS, mechanism=each) for each in Mechanism}

    def put(mechanism: Mechanism, document: Document) -> Document:
        translator = Translator(settings[mechanism])
        return TableChange(table, EMPTY_STORE, translator=translator, owns=OWNS)(document)

    pools = put(Mechanism.POOLS, gateway())
    rules = put(Mechanism.RULES, pools)

    assert text_at(pools, "tags", "bascule-switch-by") == "pools"
    assert text_at(rules, "tags", "bascule-switch-by") == "rules"
    assert not is_same(pools, rules)


def test_a_switch_changes_what_rules_name_or_what_pools_hold_and_nothing_else_however_often() -> (
    None
):
    settings = replace(SETTINGS, mechanism=Mechanism.AUTO)
    by_pools = Translator(replace(SETTINGS, mechanism=Mechanism.POOLS))
    blue, green = (tables.table(_routes(), each) for each in (ALL_BLUE, ALL_GREEN))
    live = TableChange(blue, EMPTY_STORE, translator=by_pools, owns=OWNS)(gateway())
    switch = TableChange(green, EMPTY_STORE, translator=Translator(settings), owns=OWNS)

    once = switch(live)
    twice = switch(once)

    assert text_at(once, "tags", "bascule-switch-by") == "pools"
    assert is_same(once, twice)


def test_a_certificate_that_the_gateway_holds_is_not_made_again() -> None:
    one, other = pki.Authority("a").certify("a"), pki.Authority("b").certify("b")
    part = Part(
        children={name: {} for name in COLLECTIONS},
        certificates={"bsc-cert-a": one.digest, "bsc-cert-b": other.digest},
    )
    document = gateway(sslCertificates=[{"name": "BSC-cert-a", "properties": {}}])

    missing = build_missing(document, part, tables.store(other))

    assert set(missing) == {"bsc-cert-b"}
    assert missing["bsc-cert-b"].data


def test_a_certificate_that_is_nowhere_is_our_mistake() -> None:
    pair = pki.Authority("a").certify("a")
    part = Part(children={}, certificates={"bsc-cert-a": pair.digest})

    with pytest.raises(InvariantError, match="bsc-cert-a is named"):
        build_missing(gateway(), part, EMPTY_STORE)


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        ((), False),
        ((_change("requestRoutingRules"),), True),
        ((_change("backendAddressPools"), _change("", is_ours=True)), True),
        ((_change("requestRoutingRules"), _change("httpListeners", is_ours=False)), True),
        ((_change("requestRoutingRules", ChangeKind.ADDED),), False),
        ((_change("requestRoutingRules"), _change("urlPathMaps")), False),
        ((_change("", is_ours=True),), False),
    ],
    ids=["none", "rules", "pools and a tag", "others'", "a new rule", "a map", "a tag alone"],
)
def test_a_switch_changes_rules_or_members_and_nothing_else(
    changes: tuple[ChildChange, ...], *, is_one: bool
) -> None:
    assert is_switch(changes) is is_one


def test_more_changes_than_one_can_read_are_counted() -> None:
    assert "written: ~ a; ~ b (nobody is named" in describe([_change("a"), _change("b")])
    many = describe([_change(str(n)) for n in range(5)], "somebody at noon")
    assert many.endswith("~ 0; ~ 1; ~ 2; and 2 more (somebody at noon)")
