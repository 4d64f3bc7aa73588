"""Where routes lead: pools of one cluster, of both, or of whichever has the requests."""

import pytest

from bascule.gateway.appgw.part import POOLS, SETTINGS
from bascule.gateway.appgw.translate.asked import read_route
from bascule.gateway.appgw.translate.backends import Backends, Stance
from bascule.gateway.appgw.translate.sheet import Sheet, Site
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.weights import Weights
from tests.support.appgw_tables import read_case

BLUE, GREEN, HALF = Weights(10_000), Weights(0), Weights(5_000)
PODS = "services: {web: {blue: ['10.0.0.1:80', '10.0.0.2:80'], green: ['10.1.0.1:80']}}"
BALANCERS = (
    "settings: {backends: loadBalancer, "
    "load_balancers: {blue: {address: 10.9.0.1}, green: {address: 10.9.0.2}}}"
)


def _lead(
    wanted: Weights, case: str = PODS, *, base: Weights = BLUE, affinity: Affinity | None = None
) -> Sheet:
    settings, table, facts = read_case(f"ingresses: [{{}}]\n{case}")
    (host,) = table.routes.hosts
    sheet = Sheet(Site(settings, facts))
    asked, _ = read_route(host, host.routes[0], sheet.site)
    stance = Stance(wanted=wanted, base=base, affinity=affinity)
    Backends(sheet, stance, "a.test").lead(asked, wanted)
    return sheet


def _pools(sheet: Sheet) -> dict[str, list[str]]:
    return {
        name: [each["ipAddress"] for each in pool["properties"]["backendAddresses"]]  # type: ignore[index]  # as written
        for name, pool in sheet.children[POOLS].items()
    }


def _codes(sheet: Sheet) -> set[str]:
    return {each.code for each in sheet.problems}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (BLUE, {"bsc-pool-blue_shop_web_http": ["10.0.0.1", "10.0.0.2"]}),
        (GREEN, {"bsc-pool-green_shop_web_http": ["10.1.0.1"]}),
    ],
)
def test_one_cluster_has_pools_of_its_own(wanted: Weights, expected: object) -> None:
    assert _pools(_lead(wanted)) == expected


def test_where_addresses_are_exchanged_the_pool_keeps_its_name() -> None:
    pools = f"settings: {{mechanism: pools}}\n{PODS}"

    assert _pools(_lead(BLUE, pools)) == {"bsc-pool-live_shop_web_http": ["10.0.0.1", "10.0.0.2"]}
    assert _pools(_lead(GREEN, pools, base=GREEN)) == {"bsc-pool-live_shop_web_http": ["10.1.0.1"]}
    assert _pools(_lead(GREEN, pools)) == {"bsc-pool-green_shop_web_http": ["10.1.0.1"]}


@pytest.mark.parametrize(
    ("base", "name"),
    [(HALF, "bsc-pool-both_shop_web_http"), (BLUE, "bsc-pool-both-5000_shop_web_http")],
)
def test_a_share_is_members_of_both_with_a_cookie(base: Weights, name: str) -> None:
    sheet = _lead(HALF, base=base)

    assert _pools(sheet) == {name: ["10.0.0.1", "10.1.0.1"]}
    assert "'affinityCookieName': 'bascule'" in str(sheet.children[SETTINGS])


def test_users_who_need_not_stay_get_no_cookie() -> None:
    sheet = _lead(HALF, affinity=Affinity(kind=AffinityKind.NONE))

    assert "affinityCookieName" not in str(sheet.children[SETTINGS])


def test_a_share_of_load_balancers_is_one_half() -> None:
    case = f"{BALANCERS}\n{PODS}"

    assert _pools(_lead(Weights(9_900), case)) == {"bsc-pool-both-100": ["10.9.0.1", "10.9.0.2"]}
    assert _pools(_lead(BLUE, case)) == {"bsc-pool-blue": ["10.9.0.1"]}


@pytest.mark.parametrize(("wanted", "cluster"), [(HALF, "blue"), (Weights(4_900), "green")])
def test_clusters_that_are_reached_differently_cannot_share(wanted: Weights, cluster: str) -> None:
    case = "services: {web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:9090']}}"

    sheet = _lead(wanted, case)

    assert [*_pools(sheet)] == [f"bsc-pool-{cluster}_shop_web_http"]
    assert _codes(sheet) == {"ShareNotPossible"}


def test_a_side_that_cannot_be_reached_shares_nothing() -> None:
    case = (
        "settings: {backends: loadBalancer, load_balancers: {blue: {address: 10.9.0.1}}}\n" + PODS
    )

    sheet = _lead(HALF, case)

    assert _pools(sheet) == {"bsc-pool-blue": ["10.9.0.1"]}
    assert _codes(sheet) == {"LoadBalancerUnknown"}


def test_services_of_different_names_share_a_pool_of_both_names() -> None:
    settings, table, facts = read_case(
        "ingresses: [{in: [blue]}, {in: [green], paths: [{to: api}]}]\n"
        "services: {web: {blue: ['10.0.0.1:80']}, api: {green: ['10.1.0.1:80']}}"
    )
    (host,) = table.routes.hosts
    sheet = Sheet(Site(settings, facts))
    asked, _ = read_route(host, host.routes[0], sheet.site)

    Backends(sheet, Stance(wanted=HALF, base=HALF), "a.test").lead(asked, HALF)

    assert [*_pools(sheet)] == ["bsc-pool-both_shop_web_http_shop_api_http"]


def test_what_is_refused_or_cannot_be_reached_leads_to_nobody() -> None:
    refused = _lead(BLUE, "services: {web: {app_protocol: grpc, blue: ['10.0.0.1:80']}}")

    assert _pools(refused) == {"bsc-none": []}


def test_members_beyond_the_limit_of_a_pool_are_left_out() -> None:
    limited = f"settings: {{limits: {{targets_a_pool: 1}}}}\n{PODS}"
    unlimited = f"settings: {{limits: null}}\n{PODS}"

    assert [*_pools(_lead(BLUE, limited)).values()] == [["10.0.0.1"]]
    assert [*_pools(_lead(BLUE, unlimited)).values()] == [["10.0.0.1", "10.0.0.2"]]


def test_a_refused_route_leads_to_nobody() -> None:
    settings, table, facts = read_case(
        f"ingresses: [{{annotations: {{rewrite-rule-set: gone}}}}]\n{PODS}"
    )
    (host,) = table.routes.hosts
    sheet = Sheet(Site(settings, facts))
    asked, _ = read_route(host, host.routes[0], sheet.site)

    Backends(sheet, Stance(wanted=BLUE, base=BLUE), "a.test").lead(asked, BLUE)

    assert _pools(sheet) == {"bsc-none": []}
    assert asked.route.backend(Cluster.BLUE) is not None
