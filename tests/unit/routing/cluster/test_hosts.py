from bascule.ids import CertificateDigest, Cluster
from bascule.manifest.objects import Fault, Ingress, ServiceBackend
from bascule.routing.cluster.backends import BackendKey, ResolvedBackend
from bascule.routing.cluster.claims import read_claims
from bascule.routing.cluster.hosts import (
    Certified,
    ClusterHost,
    GatewayDefault,
    Lookups,
    assemble_host,
    match_order,
)
from bascule.routing.model import (
    Backend,
    CertificateRef,
    Endpoint,
    Match,
    PathKind,
    Problem,
    Severity,
)
from tests.support.manifests import ingress, view

HOST = "shop.example.com"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
TLS = "tls: [{hosts: [shop.example.com], secretName: SECRET}]"


def _backend(key: BackendKey) -> ResolvedBackend:
    assert isinstance(key.wanted, ServiceBackend)
    service = key.wanted.service
    backend = Backend(
        name=f"blue/{key.namespace}/{service}/http",
        cluster=Cluster.BLUE,
        namespace=key.namespace,
        service=service,
        port="http",
        endpoints=(Endpoint("10.0.0.1", 8080),),
    )
    fault = Fault("ServiceNotFound", "gone") if service == "missing" else None
    return ResolvedBackend(backend=backend, fault=fault)


def _certificate(namespace: str, name: str) -> Certified:
    if name.startswith("bad"):
        problem = Problem(
            cluster=Cluster.BLUE,
            kind="Secret",
            namespace=namespace,
            name=name,
            code="KeyMismatch",
            message="the key is another's",
        )
        return Certified(problems=(problem,))
    digest = CertificateDigest(f"digest of {name}")
    return Certified(certificate=CertificateRef(namespace=namespace, secret=name, digest=digest))


def _assemble(*texts: str, host: str = HOST) -> ClusterHost:
    claims = [read_claims(view(text, Ingress), Cluster.BLUE) for text in texts]
    lookups = Lookups(backend=_backend, certificate=_certificate)
    found = assemble_host(host, claims, lookups)
    assert found == assemble_host(host, reversed(claims), lookups)
    return found


def _codes(host: ClusterHost) -> list[tuple[str, str]]:
    return [(problem.name, problem.code) for problem in host.problems]


def test_longest_path_first_and_exact_before_prefix() -> None:
    matches = [
        Match("/", PathKind.PREFIX),
        Match("/foo", PathKind.PREFIX),
        Match("/foo", PathKind.EXACT),
        Match("/foo/", PathKind.EXACT),
        Match("/bar", PathKind.PREFIX),
    ]

    ordered = sorted(matches, key=match_order)

    assert [(m.path, m.kind.value) for m in ordered] == [
        ("/foo/", "Exact"),
        ("/foo", "Exact"),
        ("/bar", "Prefix"),
        ("/foo", "Prefix"),
        ("/", "Prefix"),
    ]


def test_several_ingresses_of_one_host_are_merged() -> None:
    found = _assemble(ingress("a", path="/a"), ingress("b", path="/b", service="api"))

    assert [(r.match.path, r.backend.service) for r in found.routes] == [
        ("/a", "web"),
        ("/b", "api"),
    ]
    assert found.problems == ()


def test_the_oldest_ingress_wins_a_conflict_and_the_loser_is_told() -> None:
    found = _assemble(
        ingress("a", path="/x/", created=NEW, service="late"),
        ingress("b", path="/x", created=OLD, service="early"),
    )

    assert [r.backend.service for r in found.routes] == ["early"]
    assert _codes(found) == [("a", "RouteConflict")]
    assert found.problems[0].message == (
        "Prefix shop.example.com/x belongs to the older Ingress shop/b"
    )


def test_of_two_ingresses_of_one_age_the_first_by_name_wins() -> None:
    found = _assemble(ingress("b", service="second"), ingress("a", service="first"))

    assert [r.backend.service for r in found.routes] == ["first"]


def test_a_path_that_is_written_twice_counts_once() -> None:
    found = view(ingress(), Ingress)
    claims = read_claims(Ingress(meta=found.meta, rules=(*found.rules, *found.rules)), Cluster.BLUE)

    host = assemble_host(HOST, [claims], Lookups(backend=_backend, certificate=_certificate))

    assert len(host.routes) == 1
    assert host.problems[0].message.endswith("is written twice; the first one counts")


def test_a_path_whose_service_is_missing_stays_and_says_so() -> None:
    found = _assemble(ingress(path="/x", service="missing"), ingress("y"))

    assert [r.match.path for r in found.routes] == ["/x", "/"]
    assert [(p.code, p.message) for p in found.problems] == [
        ("ServiceNotFound", "shop.example.com/x: gone")
    ]


DEFAULT = "defaultBackend: {service: {name: rest, port: {number: 80}}}"


def test_the_default_backend_takes_what_the_host_leaves_open() -> None:
    found = _assemble(ingress(path="/x", more=DEFAULT))

    assert [(r.match.path, r.backend.service) for r in found.routes] == [
        ("/x", "web"),
        ("/", "rest"),
    ]


def test_a_rule_for_every_path_comes_before_a_default_backend() -> None:
    found = _assemble(ingress("a", more=DEFAULT), ingress("b", path="/x"))

    assert [(r.match.path, r.backend.service) for r in found.routes] == [
        ("/x", "web"),
        ("/", "web"),
    ]


def test_of_several_default_backends_the_oldest_serves() -> None:
    found = _assemble(
        ingress("a", path="/a", more=DEFAULT.replace("rest", "late"), created=NEW),
        ingress("b", path="/b", more=DEFAULT, created=OLD),
        ingress("c", path="/c", more=DEFAULT, created=NEW),
    )

    assert found.routes[-1].backend.service == "rest"
    assert _codes(found) == [("a", "DefaultBackendConflict")]


def test_a_default_backend_of_the_gateway_is_a_route_of_each_host() -> None:
    item = read_claims(view(ingress(), Ingress), Cluster.BLUE)
    backend = _backend(BackendKey("shop", ServiceBackend("rest", 80))).backend

    route = GatewayDefault(item=item, backend=backend).route(is_tls=True)

    assert route.match == Match("/", PathKind.PREFIX)
    assert route.settings.ssl_redirect
    assert route.source == item.ref


def test_a_host_with_a_certificate_redirects_to_it() -> None:
    found = _assemble(ingress(more=TLS.replace("SECRET", "cert")))

    assert found.is_tls
    assert found.certificate is not None
    assert found.certificate.secret == "cert"
    assert found.routes[0].settings.ssl_redirect


def test_tls_of_one_ingress_is_tls_of_the_whole_host() -> None:
    found = _assemble(ingress("a", path="/a"), ingress("b", more=TLS.replace("SECRET", "cert")))

    assert found.is_tls
    assert all(route.settings.ssl_redirect for route in found.routes)


def test_a_broken_secret_leaves_tls_without_a_certificate() -> None:
    found = _assemble(ingress(more=TLS.replace("SECRET", "bad")))

    assert found.is_tls
    assert found.certificate is None
    assert _codes(found) == [("web", "CertificateMissing"), ("bad", "KeyMismatch")]


def test_the_next_certificate_serves_when_the_first_is_broken() -> None:
    found = _assemble(
        ingress("a", path="/a", more=TLS.replace("SECRET", "bad"), created=OLD),
        ingress("b", path="/b", more=TLS.replace("SECRET", "good"), created=NEW),
    )

    assert found.certificate is not None
    assert found.certificate.secret == "good"


def test_of_two_certificates_that_of_the_oldest_ingress_serves() -> None:
    found = _assemble(
        ingress("a", path="/a", more=TLS.replace("SECRET", "late"), created=NEW),
        ingress("b", path="/b", more=TLS.replace("SECRET", "early"), created=OLD),
    )

    assert found.certificate is not None
    assert found.certificate.secret == "early"
    assert _codes(found) == []


def test_tls_without_a_secret_is_said() -> None:
    found = _assemble(ingress(more="tls: [{hosts: [shop.example.com]}]"))

    assert found.is_tls
    assert _codes(found) == [("web", "TlsSecretUnset")]


def test_a_redirect_to_nowhere_is_warned_about() -> None:
    found = _assemble(ingress(annotations='{bascule.dev/ssl-redirect: "true"}'))

    assert found.routes[0].settings.ssl_redirect
    assert [(p.code, p.severity) for p in found.problems] == [
        ("RedirectWithoutTls", Severity.WARNING)
    ]


def test_annotations_travel_with_the_route() -> None:
    found = _assemble(ingress(annotations="{example.com/b: x, example.com/a: y}"))

    assert found.routes[0].extensions == (("example.com/a", "y"), ("example.com/b", "x"))
