"""Who stands behind a route in one cluster."""

import pytest

from bascule.gateway.appgw.translate.asked import read_route
from bascule.gateway.appgw.translate.members import Members, find_members, sort_addresses
from bascule.gateway.appgw.translate.sheet import Sheet, Site
from bascule.ids import Cluster
from tests.support.appgw_tables import read_case


def _find(
    service: str, *, annotations: str = "", more: str = "", cluster: Cluster = Cluster.BLUE
) -> tuple[Members | None, list[str]]:
    settings, table, facts = read_case(
        f"ingresses: [{{annotations: {{{annotations}}}}}]\nservices: {{web: {{{service}}}}}\n{more}"
    )
    (host,) = table.routes.hosts
    sheet = Sheet(Site(settings, facts))
    asked, _ = read_route(host, host.routes[0], sheet.site)
    return find_members(asked, cluster, sheet), [each.code for each in sheet.problems]


def test_addresses_are_sorted_by_number_and_each_once() -> None:
    found = sort_addresses(["10.0.0.10", "10.0.0.9", "fd00::10", "fd00::9", "10.0.0.9"])

    assert found == ("10.0.0.9", "10.0.0.10", "fd00::9", "fd00::10")


def test_most_endpoints_decide_the_port_and_the_rest_is_told() -> None:
    members, codes = _find("blue: ['10.0.0.1:9090', '10.0.0.2:8080', '10.0.0.3:8080']")

    assert members is not None
    assert (members.port, members.addresses) == (8080, ("10.0.0.2", "10.0.0.3"))
    assert codes == ["EndpointPortsDiffer"]


def test_without_endpoints_the_port_is_the_usual_one() -> None:
    members, codes = _find("green: ['10.1.0.1:8080']")

    assert members is not None
    assert (members.port, members.addresses, codes) == (80, (), [])


@pytest.mark.parametrize(
    ("service", "annotations", "protocol"),
    [
        ("blue: ['10.0.0.1:80']", "", "Http"),
        ("blue: ['10.0.0.1:443']", "", "Https"),
        ("app_protocol: https, blue: ['10.0.0.1:80']", "", "Https"),
        ("blue: ['10.0.0.1:443']", "backend-protocol: http", "Http"),
        ("app_protocol: grpc, blue: ['10.0.0.1:80']", "backend-protocol: HTTPS", "Https"),
    ],
)
def test_port_443_means_https_unless_somebody_says_otherwise(
    service: str, annotations: str, protocol: str
) -> None:
    members, _ = _find(service, annotations=annotations)

    assert members is not None
    assert members.protocol == protocol


def test_what_speaks_h2c_only_cannot_be_reached() -> None:
    assert _find("app_protocol: grpc, blue: ['10.0.0.1:80']") == (None, ["ProtocolNotServable"])


def test_more_endpoints_than_a_pool_takes_are_told() -> None:
    limits = "settings: {limits: {targets_a_pool: 1}}"

    _, codes = _find("blue: ['10.0.0.1:80', '10.0.0.2:80']", more=limits)

    assert codes == ["TooManyTargets"]


@pytest.mark.parametrize(("protocol", "expected"), [("https", "Https"), ("http", "Http")])
def test_behind_a_load_balancer_its_address_stands_for_all(protocol: str, expected: str) -> None:
    balancer = f"{{blue: {{address: 10.9.0.1, port: 8443, protocol: {protocol}}}}}"
    more = f"settings: {{backends: loadBalancer, load_balancers: {balancer}}}"

    members, codes = _find("blue: ['10.0.0.1:80'], green: []", more=more)

    assert members is not None
    assert (members.addresses, members.port) == (("10.9.0.1",), 8443)
    assert (members.protocol, members.name, codes) == (expected, (), [])


def test_a_load_balancer_that_nobody_named_is_told() -> None:
    more = "settings: {backends: loadBalancer}"

    assert _find("blue: ['10.0.0.1:80']", more=more) == (None, ["LoadBalancerUnknown"])


def test_a_cluster_without_the_route_has_nobody() -> None:
    assert _find("blue: []", more="without: [green]", cluster=Cluster.GREEN) == (None, [])
