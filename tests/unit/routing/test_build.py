from bascule.ids import CertificateDigest, Cluster
from bascule.manifest.objects import Fault, Metadata, TlsSecret
from bascule.routing.build import BuildOptions, build_routes, collect_certificates
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import Listener
from tests.support.manifests import endpoints, ingress, service, snapshot
from tests.support.routing_worlds import certificate_pair

META = Metadata(namespace="shop", name="cert")
TLS = "tls: [{secretName: cert}]"
GOOD = TlsSecret(meta=META, pair=certificate_pair("a"))
NEW = TlsSecret(meta=META, pair=certificate_pair("b"))
BROKEN = TlsSecret(meta=META, faults=(Fault("KeyMismatch", "no"),))
WORLD = snapshot(ingress(more=TLS), service(), endpoints("10.0.0.1"))


def test_a_table_is_built_whole() -> None:
    listeners = (
        Listener(name="b", address="127.0.0.1", port=2),
        Listener(name="a", address="127.0.0.1", port=1),
    )

    routes = build_routes({Cluster.BLUE: WORLD}, options=BuildOptions(listeners=listeners))

    assert [listener.name for listener in routes.listeners] == ["a", "b"]
    assert [host.name for host in routes.hosts] == ["shop.example.com"]


def test_certificates_come_from_the_secrets_of_either_cluster() -> None:
    green = WORLD.with_object(GOOD)
    worlds = {Cluster.BLUE: snapshot(), Cluster.GREEN: green}
    routes = build_routes(worlds, options=BuildOptions())

    store = collect_certificates(routes, worlds.values())

    (certificate,) = store.by_digest.values()
    assert certificate.key_pem == b"key a"


def test_a_certificate_whose_secret_is_gone_comes_from_the_former_store() -> None:
    worlds = {Cluster.BLUE: WORLD.with_object(GOOD)}
    first = build_routes(worlds, options=BuildOptions())
    store = collect_certificates(first, worlds.values())
    later = {Cluster.BLUE: WORLD.with_object(BROKEN)}

    routes = build_routes(later, options=BuildOptions(), previous=first)

    assert collect_certificates(routes, later.values(), previous=store) is store
    assert not collect_certificates(routes, later.values()).by_digest


def test_a_certificate_that_nothing_names_any_more_is_dropped() -> None:
    worlds = {Cluster.BLUE: WORLD.with_object(GOOD)}
    first = build_routes(worlds, options=BuildOptions())
    store = collect_certificates(first, worlds.values())
    later = {Cluster.BLUE: WORLD.with_object(NEW)}
    routes = build_routes(later, options=BuildOptions(), previous=first)

    renewed = collect_certificates(routes, later.values(), previous=store)

    assert [c.key_pem for c in renewed.by_digest.values()] == [b"key b"]
    assert renewed.by_digest.keys() != store.by_digest.keys()


def test_a_secret_that_holds_another_certificate_by_now_is_not_taken() -> None:
    routes = build_routes({Cluster.BLUE: WORLD.with_object(GOOD)}, options=BuildOptions())

    store = collect_certificates(routes, [WORLD.with_object(NEW)], previous=EMPTY_STORE)

    assert CertificateDigest("") not in store.by_digest
    assert not store.by_digest
