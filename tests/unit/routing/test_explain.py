import pytest

from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.manifest.objects import Metadata, TlsSecret
from bascule.routing.arrangement import Preview
from bascule.routing.build import BuildOptions, build_routes
from bascule.routing.explain import Answer, Explanation, explain
from bascule.routing.model import RouteSet
from bascule.routing.weights import Split, Weights
from tests.support.manifests import endpoints, ingress, service, snapshot
from tests.support.routing_worlds import certificate_pair

ALL_BLUE = Split(Weights.all_to(Cluster.BLUE))
HALF = Split(Weights(5000))
SHOP = service() + service("api") + endpoints("10.0.0.1") + endpoints("10.0.0.2", service="api")
SECRET = TlsSecret(meta=Metadata(namespace="shop", name="cert"), pair=certificate_pair("a"))
TLS = "tls: [{secretName: cert}]"


def _table(*texts: str | TlsSecret, both: bool = True) -> RouteSet:
    blue = snapshot(SHOP, *texts)
    green = {Cluster.GREEN: snapshot(SHOP, *texts)} if both else {}
    return build_routes({Cluster.BLUE: blue, **green}, options=BuildOptions())


def _explain(routes: RouteSet, url: str, split: Split = ALL_BLUE, **headers: str) -> Explanation:
    return explain(routes, url, headers, split)


def test_the_rule_the_ingress_and_the_cluster_are_named() -> None:
    found = _explain(_table(ingress()), "http://shop.example.com/cart?x=1")

    assert found.answer is Answer.SERVED
    assert found.rule == "Prefix shop.example.com/"
    assert found.cluster is Cluster.BLUE
    blue, green = found.shares
    assert (blue.ingress, blue.backend) == ("shop/web", "blue/shop/web/http")
    assert blue.endpoints == ("10.0.0.1:8080",)
    assert (blue.weight_bp, green.weight_bp) == (10_000, 0)
    assert "the weights send everything to blue" in found.reasons
    assert found.losers == ()


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/foo", "Exact shop.example.com/foo"),
        ("/foo/", "Prefix shop.example.com/foo"),
        ("/foo/bar", "Prefix shop.example.com/foo"),
        ("/foobar", "Prefix shop.example.com/"),
        ("", "Prefix shop.example.com/"),
    ],
    ids=["exact", "slash", "element", "no element", "no path"],
)
def test_paths_are_compared_by_element_and_the_longest_wins(path: str, rule: str) -> None:
    routes = _table(
        ingress("a"),
        ingress("b", path="/foo", path_type="Exact"),
        ingress("c", path="/foo/", service="api"),
    )

    assert _explain(routes, f"http://shop.example.com{path}").rule == rule


def test_what_lost_is_told_with_the_reason() -> None:
    routes = _table(
        ingress("a"),
        ingress("b", path="/foo", path_type="Exact"),
        ingress("c", path="/foo"),
        ingress("d", path="/other"),
        ingress("e", host="*.example.com"),
    )

    found = _explain(routes, "http://shop.example.com/foo")

    assert [(loser.rule, loser.reason) for loser in found.losers] == [
        ("Prefix shop.example.com/foo", "Exact comes before Prefix"),
        ("Prefix shop.example.com/", "its path is shorter"),
        ("Prefix shop.example.com/other", "its path does not match"),
        (
            "Prefix *.example.com/",
            "host shop.example.com is more specific than *.example.com",
        ),
    ]


@pytest.mark.parametrize(
    ("host", "matched"),
    [
        ("shop.example.com", "shop.example.com"),
        ("SHOP.example.com:8080", "shop.example.com"),
        ("other.example.com", "*.example.com"),
        ("a.b.example.com", "*"),
        ("example.com", "*"),
        ("[::1]:80", "*"),
    ],
    ids=["exact", "case and port", "wildcard", "two labels", "no label", "address"],
)
def test_the_most_specific_host_answers(host: str, matched: str) -> None:
    routes = _table(ingress("a"), ingress("b", host="*.example.com"), ingress("c", host=""))

    assert _explain(routes, f"http://{host}/").host == matched
    assert _explain(routes, "http://elsewhere/", HOST=host).host == matched


def test_an_unknown_host_is_not_found() -> None:
    found = _explain(_table(ingress()), "http://nobody.test/")

    assert (found.answer, found.host, found.cluster) == (Answer.NOT_FOUND, "", None)
    assert "no Ingress names the host nobody.test" in found.reasons[0]


def test_a_path_that_no_rule_matches_is_not_found_and_says_what_there_is() -> None:
    found = _explain(_table(ingress(path="/x")), "http://shop.example.com/y")

    assert found.answer is Answer.NOT_FOUND
    assert found.host == "shop.example.com"
    assert "no path of host shop.example.com matches /y" in found.reasons[1]
    assert [loser.rule for loser in found.losers] == ["Prefix shop.example.com/x"]


def test_a_route_of_one_cluster_goes_there_whatever_the_weights() -> None:
    found = _explain(
        _table(ingress(), both=False),
        "http://shop.example.com/",
        Split(Weights.all_to(Cluster.GREEN)),
    )

    assert found.cluster is Cluster.BLUE
    assert found.reasons[-1] == (
        "green does not have the route, so blue takes all of it, whatever the weights"
    )


def test_a_cluster_without_a_ready_endpoint_gets_nothing() -> None:
    green = snapshot(ingress(), service())
    routes = build_routes(
        {Cluster.BLUE: snapshot(SHOP, ingress()), Cluster.GREEN: green}, options=BuildOptions()
    )

    found = _explain(routes, "http://shop.example.com/", Split(Weights.all_to(Cluster.GREEN)))

    assert found.cluster is Cluster.BLUE
    assert "green has no ready endpoint for it" in found.reasons[-1]


def test_a_route_that_no_cluster_is_ready_for_is_down() -> None:
    found = _explain(_table(ingress(service="missing")), "http://shop.example.com/")

    assert found.answer is Answer.DOWN
    assert any("ServiceNotFound" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("annotations", "headers", "reason"),
    [
        ("{}", {}, "the request has no cookie bascule, so the cluster is drawn"),
        ("{}", {"Cookie": "a=1; bascule=x"}, "the cookie bascule decides, the same way each time"),
        (
            "{bascule.dev/affinity: header, bascule.dev/affinity-name: X-User}",
            {"x-user": "ada"},
            "the header X-User decides, the same way each time",
        ),
        (
            "{bascule.dev/affinity: none}",
            {},
            "each request is drawn anew: there is no affinity",
        ),
    ],
    ids=["no cookie", "cookie", "header", "none"],
)
def test_between_two_clusters_affinity_decides(
    annotations: str, headers: dict[str, str], reason: str
) -> None:
    routes = _table(ingress(annotations=annotations))

    found = explain(routes, "http://shop.example.com/", headers, HALF)

    assert found.cluster is None
    assert found.reasons[-2:] == ("the weights are blue 50 %, green 50 %", reason)


def test_a_host_may_have_a_split_of_its_own() -> None:
    split = Split(Weights.all_to(Cluster.BLUE), {"shop.example.com": Weights.all_to(Cluster.GREEN)})

    assert _explain(_table(ingress()), "http://shop.example.com/", split).cluster is Cluster.GREEN


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://shop.example.com/", Answer.SERVED),
        ("http://shop.example.com/", Answer.REDIRECTED),
    ],
)
def test_plain_http_of_a_tls_host_is_redirected(url: str, answer: Answer) -> None:
    assert _explain(_table(ingress(more=TLS), SECRET), url).answer is answer


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_tls_without_a_certificate_is_refused_on_every_port(scheme: str) -> None:
    found = _explain(_table(ingress(more=TLS)), f"{scheme}://shop.example.com/")

    assert found.answer is Answer.REFUSED
    assert any("CertificateMissing" in problem for problem in found.problems)


def test_https_of_a_host_without_tls_is_refused() -> None:
    assert _explain(_table(ingress()), "https://shop.example.com/").answer is Answer.REFUSED


def test_an_ingress_that_lost_the_path_is_named() -> None:
    routes = _table(ingress("old"), ingress("new", created="2026-02-01T00:00:00Z"))

    found = _explain(routes, "http://shop.example.com/")

    assert found.shares[0].ingress == "shop/old"
    assert found.problems[0] == (
        "blue: Ingress shop/new: RouteConflict: "
        "Prefix shop.example.com/ belongs to the older Ingress shop/old"
    )


@pytest.mark.parametrize("url", ["shop.example.com", "ftp://x/", "http:///path", "/path"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not an absolute http or https URL"):
        _explain(_table(), url)


def test_a_wildcard_host_without_routes_can_lose() -> None:
    bare = ingress("b", host="*.example.com", path="relative")

    found = _explain(_table(ingress("a"), bare), "http://shop.example.com/")

    assert found.losers[-1].rule == "*.example.com"


def test_a_preview_header_asks_for_one_cluster_whatever_the_weights() -> None:
    routes, url = _table(ingress()), "http://shop.example.com/"
    preview = Preview(header="X-Show")

    found = explain(routes, url, {"x-show": "green"}, ALL_BLUE, preview=preview)
    others = [
        explain(routes, url, headers, ALL_BLUE, preview=preview)
        for headers in ({}, {"x-show": "Green"}, {"x-bascule-preview": "green"})
    ]

    assert (found.answer, found.cluster) == (Answer.SERVED, Cluster.GREEN)
    assert found.reasons[-1] == "the header X-Show asks for green, whatever the weights"
    assert [other.cluster for other in others] == [Cluster.BLUE] * 3
    assert _explain(routes, url, x_show="green").cluster is Cluster.BLUE


def test_a_preview_host_shows_green() -> None:
    preview = Preview(hosts={"next.example.com": "shop.example.com"})

    found = explain(_table(ingress()), "http://next.example.com/", {}, ALL_BLUE, preview=preview)

    assert (found.host, found.cluster) == ("shop.example.com", Cluster.GREEN)
    assert found.reasons[-1].startswith("host next.example.com is a preview of shop.example.com")


def test_a_preview_shows_no_other_cluster_and_is_redirected_like_a_user() -> None:
    preview, headers = Preview(header="x-show"), {"x-show": "green"}
    redirected = _table(ingress(more=TLS), SECRET)

    alone = explain(
        _table(ingress(), both=False),
        "http://shop.example.com/",
        headers,
        ALL_BLUE,
        preview=preview,
    )
    plain = explain(redirected, "http://shop.example.com/", headers, ALL_BLUE, preview=preview)

    assert alone.answer is Answer.DOWN
    assert "green has no ready endpoint for it; previews show no other cluster" in alone.reasons
    assert plain.answer is Answer.REDIRECTED
