from dataclasses import replace

from bascule.ids import Cluster
from bascule.probes.targets import Target, choose_targets, find_target
from bascule.routing.certificates import EMPTY_STORE, Certificate, CertificateStore
from bascule.routing.model import (
    Backend,
    BackendProtocol,
    CertificateRef,
    Endpoint,
    Host,
    Listener,
    Match,
    PathKind,
    Route,
    RouteSet,
)

PLAIN = Listener(name="http", address="0.0.0.0", port=8080)
TLS = Listener(name="https", address="127.0.0.1", port=8443, is_tls=True)
CERTIFICATE = Certificate(chain_pem=b"chain", key_pem=b"key")
STORE = CertificateStore({CERTIFICATE.digest: CERTIFICATE})


def route(
    path: str, *, is_ready: bool = True, protocol: BackendProtocol = BackendProtocol.HTTP
) -> Route:
    endpoints = (Endpoint("127.64.0.1", 80),) if is_ready else ()
    backend = Backend(
        name="blue/shop/web/http",
        cluster=Cluster.BLUE,
        namespace="shop",
        service="web",
        port="http",
        protocol=protocol,
        endpoints=endpoints,
    )
    return Route(match=Match(path, PathKind.PREFIX), blue=backend, green=None)


def routes(*hosts: Host, listeners: tuple[Listener, ...] = (PLAIN, TLS)) -> RouteSet:
    return RouteSet(listeners=listeners, hosts=hosts)


def tls_host(reference: CertificateRef | None) -> Host:
    return Host(name="pay.example", routes=(route("/"),), certificate=reference, is_tls=True)


REFERENCE = CertificateRef(namespace="shop", secret="tls", digest=CERTIFICATE.digest)


def test_the_first_path_that_is_up_is_asked_on_a_plain_listener() -> None:
    host = Host(name="shop.example", routes=(route("/dead", is_ready=False), route("/cart")))

    (target,) = choose_targets(routes(host), EMPTY_STORE)

    assert target.name == "http://shop.example:8080/cart"
    assert target.address == "127.0.0.1"


def test_a_tls_host_is_held_to_the_chain_that_the_gateway_was_given() -> None:
    (target,) = choose_targets(routes(tls_host(REFERENCE)), STORE)

    assert (target.port, target.chain_pem) == (8443, b"chain")
    assert target.name.startswith("https://")
    assert b"chain" not in repr(target).encode()


def test_a_route_for_grpc_is_asked_only_where_there_is_no_other() -> None:
    grpc = route("/lab.Echo", protocol=BackendProtocol.H2C)
    both = Host(name="api.example", routes=(grpc, route("/")))
    alone = Host(name="grpc.example", routes=(grpc,))

    found = [t.path for t in choose_targets(routes(both, alone), EMPTY_STORE)]

    assert found == ["/", "/lab.Echo"]


def test_hosts_that_cannot_be_asked_are_left_out() -> None:
    down = Host(name="down.example", routes=(route("/", is_ready=False),))
    plain = Host(name="shop.example", routes=(route("/"),))

    assert choose_targets(routes(down, tls_host(None)), STORE) == ()
    assert choose_targets(routes(tls_host(REFERENCE)), EMPTY_STORE) == ()
    assert choose_targets(routes(plain, listeners=(TLS,)), STORE) == ()


def test_a_wildcard_is_asked_by_a_name_that_it_covers() -> None:
    hosts = [Host(name=name, routes=(route("/"),)) for name in ("*", "*.example.com")]

    found = [t.host for t in choose_targets(routes(*hosts), EMPTY_STORE)]

    assert found == ["bascule-witness.invalid", "bascule-witness.example.com"]


def test_many_hosts_are_sampled_evenly() -> None:
    hosts = [Host(name=f"h{i:03}.example", routes=(route("/"),)) for i in range(100)]

    found = [t.host for t in choose_targets(routes(*hosts), EMPTY_STORE, targets_max=4)]

    assert found == ["h000.example", "h025.example", "h050.example", "h075.example"]


def test_a_check_finds_its_host_exact_before_wildcard() -> None:
    exact = Host(name="shop.example", routes=(route("/"),))
    wild = Host(name="*.example", routes=(route("/"),))

    def find(host: str, *hosts: Host) -> bool:
        found = find_target(routes(*hosts), EMPTY_STORE, host=host, path="/cart?q", is_tls=False)
        return found is not None and (found.host, found.path) == (host, "/cart?q")

    assert find("shop.example", wild, exact)
    assert find("pay.example", wild)
    assert find("a.b", Host(name="*", routes=(route("/"),)))
    assert not find("a.b.example", wild)


def test_a_check_over_tls_is_held_to_the_hosts_own_certificate() -> None:
    table = routes(tls_host(REFERENCE))

    def find(store: CertificateStore, listeners: tuple[Listener, ...]) -> Target | None:
        return find_target(
            replace(table, listeners=listeners), store, host="pay.example", path="/", is_tls=True
        )

    found = find(STORE, (PLAIN, TLS))
    assert found is not None
    assert (found.port, found.chain_pem) == (TLS.port, b"chain")
    assert find(EMPTY_STORE, (PLAIN, TLS)) is None
    assert find(STORE, (PLAIN,)) is None


def test_a_check_may_ask_a_tls_host_over_the_plain_listener() -> None:
    table = routes(tls_host(REFERENCE))

    found = find_target(table, STORE, host="pay.example", path="/", is_tls=False)

    assert found is not None
    assert (found.port, found.chain_pem) == (PLAIN.port, None)
