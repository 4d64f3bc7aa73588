"""The translation as a whole: what people asked of Azure's ingress controller and did not get."""

from dataclasses import replace

from bascule.gateway.appgw.part import POOLS, PORTS
from bascule.gateway.appgw.settings import BackendsKind, LoadBalancer
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.routing.documents import whole_split
from bascule.routing.incremental import Builder
from bascule.routing.model import RoutingTable
from tests.support.gateway_parts import FACTS, OPTIONS, SETTINGS_OF, translate
from tests.support.manifests import endpoints, ingress, service, snapshot

HOST = "shop.example.com"
BACKED = (service(), endpoints("10.0.0.1"))


def test_only_hosts_that_the_gateway_may_serve_are_served() -> None:
    settings = replace(SETTINGS_OF, hosts=("*.example.com",))

    seen = translate(ingress(), ingress("x", host="else.test"), *BACKED, settings=settings)

    assert list(seen.listeners) == [(HOST, 80)]
    assert "HostNotAllowed" in seen.codes


def test_one_address_a_cluster_may_stand_for_its_pods() -> None:
    balancers = {Cluster.BLUE: LoadBalancer(address="10.0.9.9", probe_path="/well")}
    settings = replace(SETTINGS_OF, backends=BackendsKind.LOAD_BALANCER, load_balancers=balancers)

    seen = translate(ingress(), *BACKED, settings=settings)

    assert seen.addresses(seen.rule_of(HOST)) == ["10.0.9.9"]
    assert seen.probe_of(seen.rule_of(HOST))["path"] == "/well"


def test_a_changed_endpoint_costs_its_own_host_only() -> None:
    hosts = [ingress(f"i{n}", host=f"h{n}.test", service=f"s{n}") for n in range(30)]
    services = [service(f"s{n}") for n in range(30)]
    slices = [endpoints(f"10.0.0.{n + 1}", service=f"s{n}") for n in range(30)]
    builder, translator = Builder(OPTIONS), Translator(SETTINGS_OF)
    before, after = (
        translator.translate(
            RoutingTable(
                routes=builder.build({Cluster.BLUE: snapshot(*hosts, *services, *slices, more)}),
                split=whole_split(Cluster.BLUE),
            ),
            FACTS,
        )
        for more in ("", endpoints("10.0.0.99", service="s7", name="s7-2"))
    )

    changed = {
        (kind, name)
        for kind, children in after.children.items()
        for name, child in children.items()
        if before.children[kind].get(name) is not child
    }
    assert (POOLS, "bsc-pool-blue_shop_s7_http") in changed
    assert all("s7" in name or "h7" in name for kind, name in changed if kind != PORTS)
