from bascule.cli.table_text import render_explanation, render_problems, render_table
from bascule.ids import Cluster
from bascule.manifest.objects import Metadata, TlsSecret
from bascule.routing.build import BuildOptions, build_routes
from bascule.routing.documents import whole_split
from bascule.routing.explain import explain
from bascule.routing.model import RouteSet
from tests.support.manifests import endpoints, ingress, service, snapshot
from tests.support.routing_worlds import certificate_pair

SECRET = TlsSecret(meta=Metadata(namespace="shop", name="cert"), pair=certificate_pair("a"))
SHOP = service() + endpoints("10.0.0.1")


def _table(*texts: str | TlsSecret, both: bool = True) -> RouteSet:
    worlds = {Cluster.BLUE: snapshot(SHOP, *texts)}
    if both:
        worlds[Cluster.GREEN] = snapshot(SHOP, *texts)
    return build_routes(worlds, options=BuildOptions())


def test_an_empty_table_says_so() -> None:
    lines = list(render_table(_table()))

    assert "no routes" in lines
    assert lines[-1].startswith("hosts: 0, routes: 0, digest: ")


def test_notes_say_what_is_special_about_a_route() -> None:
    tls = "tls: [{secretName: NAME}]"
    routes = _table(
        ingress("a", host="a.test"),
        ingress("b", host="b.test", more=tls.replace("NAME", "cert")),
        ingress("c", host="c.test", more=tls.replace("NAME", "missing")),
        ingress("d", host="d.test", service="missing"),
        SECRET,
    )

    rows = [line.split("  ") for line in render_table(routes) if ".test" in line[:6]]

    assert [row[-1].strip() for row in rows] == [
        "shop/web:http (1)",
        "tls, redirects to https",
        "tls refused: no certificate, redirects to https",
        "down",
    ]


def test_no_problems_are_no_lines() -> None:
    assert list(render_problems(())) == []


def test_a_problem_of_a_cluster_has_no_namespace() -> None:
    worlds = {Cluster.BLUE: snapshot(SHOP, ingress()), Cluster.GREEN: snapshot()}
    routes = build_routes(worlds, options=BuildOptions())

    lines = list(render_problems(routes.problems))

    assert lines[1] == "problems: 1"
    assert lines[2].startswith("  warning: green Cluster green: NoRoutes: ")


def test_an_explanation_begins_with_the_answer() -> None:
    routes = _table(ingress("a"), ingress("b", host="*.example.com"), both=False)

    lines = list(
        render_explanation(
            explain(routes, "http://shop.example.com/x", {}, whole_split(Cluster.BLUE))
        )
    )

    assert lines == [
        "http://shop.example.com/x: served by blue",
        "  rule: Prefix shop.example.com/",
        "  blue 100 %: Ingress shop/a -> blue/shop/web/http (10.0.0.1:8080)",
        "  because host shop.example.com is named exactly",
        "  because /x begins with the elements of Prefix /",
        "  because green does not have the route, so blue takes all of it, whatever the weights",
        "  not Prefix *.example.com/: host shop.example.com is more specific than *.example.com",
    ]


def test_an_explanation_of_nothing_is_short() -> None:
    found = explain(_table(), "http://nobody.test/", {}, whole_split(Cluster.BLUE))

    first, *_ = render_explanation(found)

    assert first == "http://nobody.test/: answered with 404: no rule matches"


def test_a_backend_that_is_not_ready_is_shown_as_such() -> None:
    routes = _table(ingress(service="missing"))

    lines = list(
        render_explanation(
            explain(routes, "http://shop.example.com/", {}, whole_split(Cluster.BLUE))
        )
    )

    assert lines[0] == "http://shop.example.com/: answered with 503: nothing is ready"
    assert "(no ready endpoint)" in lines[2]
    assert lines[-1].startswith("  problem: green: Ingress shop/web: ServiceNotFound")
