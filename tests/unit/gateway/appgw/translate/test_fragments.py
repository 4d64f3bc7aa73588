"""What one host contributes, with all that was said about it."""

from dataclasses import replace

from bascule.gateway.appgw.part import LISTENERS
from bascule.gateway.appgw.translate.backends import Stance
from bascule.gateway.appgw.translate.doors import grant_doors
from bascule.gateway.appgw.translate.fragments import Granted, build_fragment
from bascule.gateway.appgw.translate.groups import plan_host
from bascule.gateway.appgw.translate.sheet import Site
from bascule.routing.weights import Weights
from tests.support.appgw_tables import read_case

CASE = """
ingresses:
- {tls: t, annotations: {typo: x}}
- {name: b, tls: t, paths: [{path: /b}], annotations: {override-frontend-port: 8443}}
services: {web: {blue: ['10.0.0.1:80', '10.0.0.2:81']}}
secrets: [t]
without: [green]
"""


def _granted(more: str = "") -> tuple[Granted, Site]:
    settings, table, facts = read_case(CASE + more)
    site = Site(settings, facts)
    plan = plan_host(table.routes.hosts[0], site)
    allotted = grant_doors(plan.groups, site)
    problems = tuple(each for found in allotted.problems for each in found)
    return Granted(plan=plan, doors=allotted.doors, problems=problems), site


def test_all_groups_are_in_it_and_all_problems_sorted() -> None:
    granted, site = _granted()

    fragment = build_fragment(granted, site)

    assert len(fragment.children[LISTENERS]) == 3
    assert len(fragment.certificates) == 1
    assert list(fragment.problems) == sorted(fragment.problems)
    assert {each.code for each in fragment.problems} == {
        "AnnotationUnknown",
        "EndpointPortsDiffer",
        "NoRedirect",
    }


def test_a_group_without_a_listener_contributes_nothing() -> None:
    granted, _ = _granted("facts: {listeners: [[public, 8443, shop.example.com]]}")

    assert [framed.group.port for framed in granted.frames()] == [443]


def test_a_share_that_may_not_be_is_told_to_every_ingress() -> None:
    granted, site = _granted()
    stance = Stance(wanted=Weights(0), base=Weights(0), is_rounded=True)

    found = build_fragment(replace(granted, stance=stance), site).problems

    assert {each.name for each in found if each.code == "SharesNotAccepted"} == {"shop", "b"}
