"""Children are written down once, and Problems reach the Ingresses that they are about."""

from bascule.gateway.appgw.part import POOLS, SETTINGS
from bascule.gateway.appgw.translate.sheet import Sheet, Site, tell
from bascule.ids import Cluster
from bascule.routing.model import IngressRef, Match, PathKind, Route, Severity
from tests.support.appgw_tables import FACTS
from tests.support.appgw_tables import SETTINGS as OPTIONS
from tests.support.arm_gateways import GATEWAY

SITE = Site(OPTIONS, FACTS)
ROUTE = Route(
    match=Match("/", PathKind.PREFIX),
    blue=None,
    green=None,
    sources=(IngressRef(Cluster.BLUE, "n", "a"), IngressRef(Cluster.GREEN, "n", "a")),
)


def test_a_child_is_referred_to_by_its_full_id() -> None:
    sheet = Sheet(SITE)

    assert sheet.put(POOLS, "p", {"x": 1}) == {"id": f"{GATEWAY}/{POOLS}/p"}
    assert sheet.children == {POOLS: {"p": {"name": "p", "properties": {"x": 1}}}}


def test_nobody_is_a_pool_without_members() -> None:
    sheet = Sheet(SITE)

    pool, settings = sheet.put_nothing()

    assert str(pool["id"]).endswith("/bsc-none")
    assert str(settings["id"]).endswith(f"{SETTINGS}/bsc-none")
    assert sheet.children[POOLS]["bsc-none"]["properties"] == {"backendAddresses": []}


def test_what_another_sheet_has_is_added() -> None:
    one, other = Sheet(SITE), Sheet(SITE)
    one.put(POOLS, "a", {})
    other.put(POOLS, "b", {})
    other.report(ROUTE, "Code", "text")

    one.add(other)

    assert [*one.children[POOLS]] == ["a", "b"]
    assert one.problems == other.problems


def test_a_problem_is_told_to_the_ingresses_of_both_clusters_or_of_one() -> None:
    sheet = Sheet(SITE)

    sheet.report(ROUTE, "Code", "text", Severity.WARNING, cluster=Cluster.GREEN)

    assert [each.cluster for each in tell(ROUTE, "Code", "text")] == [Cluster.BLUE, Cluster.GREEN]
    assert sheet.problems == tell(ROUTE, "Code", "text", Severity.WARNING)[1:]
