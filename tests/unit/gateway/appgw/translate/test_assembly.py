"""Fragments put together, again and again."""

from dataclasses import replace

import pytest

from bascule.azure.document import Document
from bascule.gateway.appgw.part import COLLECTIONS, LISTENERS, POOLS, PORTS, RULES, Facts, Part
from bascule.gateway.appgw.settings import AppGwSettings, Limits
from bascule.gateway.appgw.translate.assembly import assemble, narrow
from bascule.gateway.appgw.translate.doors import grant_doors
from bascule.gateway.appgw.translate.fragments import Fragment, Granted, build_fragment
from bascule.gateway.appgw.translate.groups import plan_host
from bascule.gateway.appgw.translate.prepared import without_prepared
from bascule.gateway.appgw.translate.sheet import Site
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import CertificateDigest
from bascule.routing.model import RoutingTable
from tests.support.appgw_tables import FACTS, SETTINGS, read_case

SITE = Site(SETTINGS, FACTS)
RULE: dict[str, Document] = {"r": {"name": "r"}}


def _fragment(**pools: int) -> Fragment:
    children: dict[str, Document] = {
        name: {"name": name, "properties": {"n": n}} for name, n in pools.items()
    }
    return Fragment(children={RULES: RULE, POOLS: children})


def test_all_collections_are_there_and_shared_children_once() -> None:
    part = assemble([_fragment(a=1, b=1), _fragment(b=1, c=1)], SITE).part

    assert tuple(part.children) == COLLECTIONS
    assert [*part.children[POOLS]] == ["a", "b", "c"]


def test_certificates_are_told_by_name() -> None:
    one, two = (CertificateDigest(text) for text in ("1", "2"))
    fragments = [Fragment(certificates={"b": two}), Fragment(certificates={"a": one})]

    assert [*assemble(fragments, SITE).part.certificates.items()] == [("a", one), ("b", two)]


def test_what_did_not_change_is_the_same_object() -> None:
    same, old, new = _fragment(a=1), _fragment(b=1), _fragment(b=2)
    before = assemble([same, old], SITE)

    after = assemble([same, new], SITE, before)

    assert after.part == assemble([same, new], SITE).part
    assert after.part.children[RULES] is not None
    assert after.part.children[POOLS]["a"] is before.part.children[POOLS]["a"]
    assert after.part.children[LISTENERS] is before.children[LISTENERS]


@pytest.mark.parametrize(
    "after",
    [
        [_fragment(a=1)],
        [_fragment(a=1), _fragment(c=1)],
        [_fragment(a=1), Fragment(children={RULES: RULE})],
    ],
    ids=["one is gone", "one has another child", "one has no such children"],
)
def test_other_names_are_assembled_anew(after: list[Fragment]) -> None:
    before = assemble([_fragment(a=1), _fragment(b=1)], SITE)

    assert assemble(after, SITE, before).part == assemble(after, SITE).part


def test_what_is_prepared_goes_with_the_listener_that_it_was_made_after() -> None:
    def read(certificate: str) -> tuple[AppGwSettings, RoutingTable, Facts]:
        asked = f"annotations: {{appgw-ssl-certificate: {certificate}}}"
        return read_case(
            f"ingresses: [{{hosts: [a.test], {asked}}}]\n"
            "services: {web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}}\n"
            "facts: {certificates: [one, two]}"
        )

    settings, before, facts = read("one")
    _, after, _ = read("two")
    translator = Translator(settings)
    translator.translate(before, facts)

    part = translator.translate(after, facts)

    assert "sslCertificates/two" in str(part.children[LISTENERS]["bsc-prepared"])
    assert part == Translator(settings).translate(after, facts)


def test_a_gateway_without_any_rule_gets_one_that_leads_to_nobody() -> None:
    part = assemble([], SITE).part

    assert [*part.children[RULES]] == [*part.children[LISTENERS]] == ["bsc-default"]
    assert [*part.children[PORTS]] == ["bsc-port-80"]
    assert [*part.children[POOLS]] == ["bsc-none"]


@pytest.mark.parametrize(
    "facts", [Facts(public_frontend="public", used={RULES: 1}), Facts()], ids=["others", "nowhere"]
)
def test_where_others_have_rules_or_nothing_can_listen_there_is_none(facts: Facts) -> None:
    part = assemble([], Site(SETTINGS, facts)).part

    assert not any(part.children.values())


def test_the_private_frontend_will_do() -> None:
    part = assemble([], Site(SETTINGS, Facts(private_frontend="inside"))).part

    assert "inside" in str(part.children[LISTENERS])


def test_what_is_prepared_gives_way_where_the_document_has_no_room_and_hosts_do_not() -> None:
    settings, table, facts = read_case(
        """
        ingresses: [{hosts: [a.test]}]
        services: {web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}}
        """
    )
    plan = plan_host(table.routes.hosts[0], Site(settings, facts))
    doors = grant_doors(plan.groups, Site(settings, facts)).doors

    def put(limits: Limits | None) -> tuple[Part, Part]:
        site = Site(replace(settings, limits=limits), facts)
        assembled = assemble([build_fragment(Granted(plan=plan, doors=doors), site)], site)
        return assembled.part, narrow(assembled, site)

    for limits in (None, Limits()):
        whole, same = put(limits)
        assert same is whole
    whole, narrowed = put(Limits(document_kilobytes=1))
    without = without_prepared(whole)
    assert narrowed.children[RULES] == without.children[RULES] != whole.children[RULES]
    assert [each.code for each in narrowed.problems] == ["NotAllProbed"]
