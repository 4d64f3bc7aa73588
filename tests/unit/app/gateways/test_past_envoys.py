"""Documents that lead past the Envoys, beside the one in front that leads to them."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bascule.app.gateways.front import Divider, Tier
from bascule.app.gateways.past_envoys import CODES, PastEnvoys
from bascule.gateway.appgw.annotations.reading import PREFIX
from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.appgw.merge import merge, read_facts
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, LoadBalancer, Mechanism
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.ownership import SPLIT_TAG, Owns
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.certificates import Certificate
from bascule.routing.model import BackendProtocol, Host, IngressRef, RoutingTable
from tests.support.arm_gateways import gateway
from tests.support.tables import ALL_GREEN, backend, host, route, route_set, table

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
SETTINGS = AppGwSettings(gateway_id=ID, owner="shop", mechanism=Mechanism.POOLS)
OWNS = Owns(prefix="bsc-", owner="shop")
TIER = Tier(listen="10.0.0.9", port=8080, addresses=("10.0.0.7",))
PODS = {Cluster.BLUE: "10.1.0.1", Cluster.GREEN: "10.2.0.1"}
CERTIFICATE = Certificate(b"chain", b"key")


def shop(name: str = "shop.test", *, protocol: BackendProtocol = BackendProtocol.HTTP) -> Host:
    pods = (
        backend(cluster, "web", 8080, address=PODS[cluster], protocol=protocol)
        for cluster in Cluster
    )
    sources = (IngressRef(Cluster.BLUE, "shop", "web"),)
    return host(name, replace(route(*pods), sources=sources))


def in_front(wanted: RoutingTable, *, without: str = "") -> dict[str, Any]:
    """Return a gateway that leads to the Envoys, but for a host."""
    document: dict[str, Any] = {**gateway(), "id": ID, "name": "gw"}
    document["properties"]["frontendIPConfigurations"][0]["properties"] |= {
        "publicIPAddress": {"id": "/x"}
    }
    front = Divider(TIER).divide(wanted.routes, wanted.arrangement).front_table
    kept = tuple(each for each in front.routes.hosts if each.name != without)
    front = replace(front, routes=replace(front.routes, hosts=kept))
    part = Translator(SETTINGS).translate(front, read_facts(document, OWNS))
    sent = dict.fromkeys(part.certificates, Pfx(data="cGZ4", password="p"))
    return merge(document, part, OWNS, pfx=sent, tags={})


def addresses(document: Any, name: str = "") -> list[str]:
    pools = document["properties"]["backendAddressPools"]
    return [
        each["ipAddress"]
        for pool in pools
        if OWNS.is_ours("backendAddressPools", pool["name"]) and name in pool["name"]
        for each in pool["properties"]["backendAddresses"]
    ]


def ours(document: Any, collection: str) -> list[dict[str, Any]]:
    found = document["properties"][collection]
    return [each for each in found if OWNS.is_ours(collection, each["name"])]


def test_it_leads_to_the_clusters_own_pods_whatever_the_split() -> None:
    wanted = table(route_set([shop()]), ALL_GREEN)
    document = in_front(wanted)

    blue, green = (PastEnvoys(SETTINGS)(document, wanted, cluster) for cluster in Cluster)

    assert addresses(document) == ["10.0.0.7"]
    assert (addresses(blue.document), addresses(green.document)) == (["10.1.0.1"], ["10.2.0.1"])
    assert (blue.left_out, green.left_out) == ((), ())
    assert blue.document["tags"][SPLIT_TAG] != green.document["tags"][SPLIT_TAG]  # type: ignore[index]  # a document's values are not typed


def test_listeners_and_all_of_others_stay_as_they_are() -> None:
    wanted = table(route_set([shop()]))
    document = in_front(wanted)

    found = PastEnvoys(SETTINGS)(document, wanted, Cluster.BLUE)

    changes = diff_documents(document, found.document, OWNS)
    assert not [each.name for each in changes if not each.is_ours]
    assert ours(found.document, "httpListeners") == ours(document, "httpListeners")


def test_a_pod_that_answers_at_all_is_sent_requests_unless_its_ingress_says_more() -> None:
    said = MappingProxyType({CODES: "200", f"{PREFIX}health-probe-path": "/ready"})
    plain = shop()
    strict = shop("strict.test")
    strict = replace(strict, routes=(replace(strict.routes[0], extensions=said),))
    wanted = table(route_set([plain, strict]))

    found = PastEnvoys(SETTINGS)(in_front(wanted), wanted, Cluster.BLUE)

    probes = [each["properties"] for each in ours(found.document, "probes")]
    codes = {each["path"]: each["match"]["statusCodes"] for each in probes}
    assert codes == {"/": ["200-599"], "/ready": ["200"]}


def test_it_holds_no_key_and_a_host_whose_certificate_is_not_there_is_left_out_and_told() -> None:
    safe = replace(
        host("safe.test", *shop().routes, certificate=CERTIFICATE, is_tls=True), name="safe.test"
    )
    other = Certificate(b"other chain", b"other key")
    new = host("new.test", *shop().routes, certificate=other, is_tls=True)
    wanted = table(route_set([new, safe, shop()]))
    document = in_front(wanted, without="new.test")

    found = PastEnvoys(SETTINGS)(document, wanted, Cluster.BLUE)

    hosts = {
        name
        for each in ours(found.document, "httpListeners")
        for name in each["properties"].get("hostNames", [])
    }
    assert hosts == {"safe.test", "shop.test"}
    assert found.left_out == ("new.test: its certificate is not on the gateway",)
    certificates = ours(found.document, "sslCertificates")
    assert certificates == ours(document, "sslCertificates")
    assert len(certificates) == 1


def test_what_the_gateway_alone_cannot_do_is_told() -> None:
    wanted = table(route_set([shop(protocol=BackendProtocol.H2C)]))

    found = PastEnvoys(SETTINGS)(in_front(wanted), wanted, Cluster.BLUE)

    (line,) = found.left_out
    assert line.startswith("Ingress shop/web: ")
    assert "HTTP/2" in line


def test_nothing_that_is_arranged_goes_along() -> None:
    arranged = Arrangement(preview=Preview(header="x-p", hosts={"next.test": "shop.test"}))
    wanted = table(route_set([shop()]), arrangement=arranged)

    found = PastEnvoys(SETTINGS)(in_front(wanted), wanted, Cluster.BLUE)

    assert len(ours(found.document, "httpListeners")) == 1


def test_with_load_balancers_it_leads_to_theirs() -> None:
    settings = replace(
        SETTINGS,
        backends=BackendsKind.LOAD_BALANCER,
        load_balancers={c: LoadBalancer(address=f"10.9.0.{n}") for n, c in enumerate(Cluster, 1)},
    )
    wanted = table(route_set([shop()]))

    found = PastEnvoys(settings)(in_front(wanted), wanted, Cluster.GREEN)

    assert addresses(found.document) == ["10.9.0.2"]


def test_what_it_gives_is_the_same_again_and_from_a_fresh_one() -> None:
    wanted = table(route_set([shop()]))
    document = in_front(wanted)
    builder = PastEnvoys(SETTINGS)

    first = [builder(document, wanted, cluster) for cluster in Cluster]
    more = table(route_set([shop("a.test"), *wanted.routes.hosts]))
    builder(document, more, Cluster.BLUE)

    assert [builder(document, wanted, cluster) for cluster in Cluster] == first
    assert builder(document, more, Cluster.BLUE) == PastEnvoys(SETTINGS)(
        document, more, Cluster.BLUE
    )


def test_a_host_whose_pods_are_others_leads_to_those() -> None:
    wanted = table(route_set([shop()]))
    document = in_front(wanted)
    builder = PastEnvoys(SETTINGS)
    builder(document, wanted, Cluster.BLUE)
    moved = backend(Cluster.BLUE, "web", 8080, address="10.1.0.9")

    found = builder(
        document, table(route_set([host("shop.test", route(moved, None))])), Cluster.BLUE
    )

    assert addresses(found.document) == ["10.1.0.9"]
