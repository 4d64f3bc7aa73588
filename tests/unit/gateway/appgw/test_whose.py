from typing import Any

from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, LoadBalancer
from bascule.gateway.appgw.whose import KEPT_S, Whose
from bascule.ids import Cluster
from bascule.routing.model import RoutingTable
from tests.support.reach_documents import ID, gateway, pool
from tests.support.tables import backend, host, route, route_set
from tests.support.tables import table as whole

BLUE, GREEN = "10.1.0.1", "10.2.0.1"
LIVE = "bsc-pool-live_shop_web_http"


def whose(**settings: Any) -> Whose:
    return Whose(AppGwSettings(gateway_id=ID, owner="shop", **settings))


def table(blue: str, green: str) -> RoutingTable:
    found = route(
        backend(Cluster.BLUE, "web", 8080, address=blue),
        backend(Cluster.GREEN, "web", 8080, address=green),
    )
    return whole(route_set([host("shop.example.com", found)]))


def shared(*addresses: str) -> dict[str, Any]:
    return gateway(pools=[pool(LIVE, *addresses), pool("theirs", "10.9.0.1")])


def test_a_table_says_which_cluster_has_an_address() -> None:
    known = whose()

    known.note_table(table(BLUE, GREEN), 0.0)

    assert known.known() == {Cluster.BLUE: {BLUE}, Cluster.GREEN: {GREEN}}


def test_who_is_in_the_newest_table_is_never_forgotten_and_who_left_it_in_time() -> None:
    known = whose()
    known.note_table(table(BLUE, GREEN), 0.0)
    known.note_table(table("10.1.0.2", GREEN), 10.0)

    known.note_document({}, 10.0 + KEPT_S)
    before = known.known()
    known.note_document({}, 11.0 + KEPT_S)
    after = known.known()

    assert before[Cluster.BLUE] == {BLUE, "10.1.0.2"}
    assert after == {Cluster.BLUE: {"10.1.0.2"}, Cluster.GREEN: {GREEN}}


def test_an_address_that_both_had_lately_is_nobodys() -> None:
    known = whose()
    known.note_table(table(BLUE, GREEN), 0.0)
    known.note_table(table("10.1.0.2", BLUE), 10.0)

    assert known.known() == {Cluster.BLUE: {"10.1.0.2"}, Cluster.GREEN: {GREEN}}


def test_pools_whose_names_say_a_cluster_tell_as_well() -> None:
    known = whose()

    known.note_document(gateway(pools=[pool("bsc-pool-blue_shop_web", "Blue.example.com")]), 0.0)

    assert known.known()[Cluster.BLUE] == {"blue.example.com"}


def test_who_is_still_in_a_pool_is_not_forgotten() -> None:
    known = whose()
    known.note_table(table(BLUE, GREEN), 0.0)
    known.note_table(table("10.1.0.2", GREEN), 10.0)

    known.note_document(shared(BLUE), KEPT_S)
    known.note_document({}, 2 * KEPT_S)

    assert BLUE in known.known()[Cluster.BLUE]


def test_load_balancers_stand_for_their_clusters_whatever_pods_there_are() -> None:
    balancers = {Cluster.GREEN: LoadBalancer(address="10.2.9.9")}
    known = whose(backends=BackendsKind.LOAD_BALANCER, load_balancers=balancers)

    known.note_table(table(BLUE, GREEN), 0.0)

    assert known.known() == {Cluster.BLUE: frozenset(), Cluster.GREEN: {"10.2.9.9"}}


def test_pools_without_a_clusters_name_are_whose_their_members_are_all_the_time() -> None:
    known = whose()
    known.note_table(table(BLUE, GREEN), 0.0)
    for at_s, members in ((0.0, BLUE), (60.0, BLUE), (70.0, GREEN), (180.0, GREEN)):
        known.note_document(shared(members), at_s)

    assert known.cluster_of_shared(0.0, 60.0) is Cluster.BLUE
    assert known.cluster_of_shared(60.0, 120.0) is None
    assert known.cluster_of_shared(70.0, 130.0) is Cluster.GREEN


def test_what_was_not_seen_before_and_after_is_not_known() -> None:
    known = whose()
    known.note_table(table(BLUE, GREEN), 0.0)
    known.note_document(shared(BLUE), 60.0)

    assert known.cluster_of_shared(0.0, 60.0) is None
    assert known.cluster_of_shared(60.0, 120.0) is None


def test_a_member_that_nobody_knows_may_be_anybodys() -> None:
    known = whose()
    known.note_table(table(BLUE, GREEN), 0.0)
    for at_s in (0.0, 60.0):
        known.note_document(shared(BLUE, "10.3.0.1"), at_s)

    assert known.cluster_of_shared(0.0, 60.0) is None
