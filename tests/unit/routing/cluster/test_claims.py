import pytest

from bascule.ids import Cluster
from bascule.manifest.objects import Ingress, IngressPath, PathType, ServiceBackend
from bascule.routing.cluster.claims import covers_host, read_claims, read_match
from bascule.routing.model import IngressRef, Match, PathKind
from tests.support.manifests import ingress, view

WEB = ServiceBackend("web", 80)
DEFAULT = "defaultBackend: {service: {name: web, port: {number: 80}}}"


@pytest.mark.parametrize(
    ("path", "path_type", "match"),
    [
        ("/foo/", PathType.EXACT, Match("/foo/", PathKind.EXACT)),
        ("/foo", PathType.PREFIX, Match("/foo", PathKind.PREFIX)),
        ("/foo/", PathType.PREFIX, Match("/foo", PathKind.PREFIX)),
        ("/", PathType.PREFIX, Match("/", PathKind.PREFIX)),
        ("/foo/", PathType.IMPLEMENTATION_SPECIFIC, Match("/foo", PathKind.PREFIX)),
        ("/foo/*", PathType.IMPLEMENTATION_SPECIFIC, Match("/foo", PathKind.PREFIX)),
        ("/*", PathType.IMPLEMENTATION_SPECIFIC, Match("/", PathKind.PREFIX)),
        ("/foo*", PathType.IMPLEMENTATION_SPECIFIC, Match("/foo*", PathKind.PREFIX)),
        ("/foo/*", PathType.PREFIX, Match("/foo/*", PathKind.PREFIX)),
    ],
)
def test_paths_become_matches(path: str, path_type: PathType, match: Match) -> None:
    assert read_match(IngressPath(path=path, path_type=path_type, backend=WEB)) == match


@pytest.mark.parametrize(
    ("pattern", "host", "is_covered"),
    [
        ("a.test", "a.test", True),
        ("a.test", "b.test", False),
        ("*.test", "a.test", True),
        ("*.test", "b.a.test", False),
        ("*.test", "test", False),
        ("*.test", "*.test", True),
        ("*", "a.test", True),
    ],
)
def test_a_wildcard_of_a_tls_entry_is_one_label(
    pattern: str, host: str, *, is_covered: bool
) -> None:
    assert covers_host(pattern, host) is is_covered


def test_an_ingress_claims_its_hosts() -> None:
    claims = read_claims(view(ingress(), Ingress), Cluster.GREEN)

    assert claims.ref == IngressRef(Cluster.GREEN, "shop", "web")
    assert claims.hosts["shop.example.com"].routes == ((Match("/", PathKind.PREFIX), WEB),)
    assert claims.gateway_default is None
    assert not claims.hosts["shop.example.com"].is_tls


def test_two_rules_of_one_host_are_one_claim() -> None:
    text = ingress(path="/a").replace("- path: /a", "- path: /a", 1)
    found = view(text, Ingress)
    doubled = Ingress(meta=found.meta, rules=(*found.rules, *found.rules))

    claims = read_claims(doubled, Cluster.BLUE)

    assert len(claims.hosts["shop.example.com"].routes) == 2


def test_the_oldest_ingress_sorts_first_and_one_never_stored_last() -> None:
    texts = [
        ingress("c", created="2026-01-01T00:00:00Z"),
        ingress("a", created="2026-01-02T00:00:00Z"),
        ingress("b", created="2026-01-02T00:00:00Z"),
        ingress("0a", created="null"),
    ]

    claims = [read_claims(view(text, Ingress), Cluster.BLUE) for text in texts]

    names = [item.ref.name for item in sorted(claims, key=lambda item: item.age)]
    assert names == ["c", "a", "b", "0a"]


def test_a_tls_entry_without_hosts_is_for_all_hosts() -> None:
    claims = read_claims(view(ingress(more="tls: [{secretName: all}]"), Ingress), Cluster.BLUE)

    assert claims.hosts["shop.example.com"].is_tls
    assert claims.hosts["shop.example.com"].secrets == ("all",)


def test_the_secret_that_names_the_host_comes_before_one_with_a_wildcard() -> None:
    tls = (
        "tls: [{hosts: ['*.example.com'], secretName: wild},"
        " {hosts: [shop.example.com], secretName: exact},"
        " {hosts: [other.test], secretName: other}, {hosts: [shop.example.com]}]"
    )

    claims = read_claims(view(ingress(more=tls), Ingress), Cluster.BLUE)

    assert claims.hosts["shop.example.com"].secrets == ("exact", "wild")


def test_a_default_backend_of_an_ingress_with_rules_is_for_its_own_hosts() -> None:
    claims = read_claims(view(ingress(more=DEFAULT), Ingress), Cluster.BLUE)

    assert claims.hosts["shop.example.com"].default == WEB
    assert claims.gateway_default is None


def test_a_default_backend_without_rules_is_for_the_gateway_and_its_tls_hosts() -> None:
    found = view(ingress(more=DEFAULT + "\n  tls: [{hosts: [a.test], secretName: s}]"), Ingress)
    bare = Ingress(meta=found.meta, default_backend=found.default_backend, tls=found.tls)

    claims = read_claims(bare, Cluster.BLUE)

    assert claims.gateway_default == WEB
    assert sorted(claims.hosts) == ["*", "a.test"]
    assert claims.hosts["a.test"].is_tls
    assert not claims.hosts["*"].is_tls


def test_an_ingress_that_asks_for_nothing_claims_nothing() -> None:
    found = view(ingress(annotations="{bascule.dev/retries: many}"), Ingress)

    claims = read_claims(Ingress(meta=found.meta), Cluster.BLUE)

    assert claims.hosts == {}
    assert [fault.code for fault in claims.warnings] == ["AnnotationInvalid"]
