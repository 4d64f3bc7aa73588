import pytest

from bascule.lab.kubeapi.http.paths import is_true, parse_target


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/api/v1/pods", {}, "list pods"),
        ("GET", "/api/v1/namespaces/shop/pods", {"watch": "true"}, "watch pods in shop"),
        ("GET", "/api/v1/namespaces/shop/pods/a/log", {}, "get pods/log a in shop"),
        ("POST", "/apis/apps/v1/namespaces/shop/deployments", {},
         "create deployments.apps in shop"),
        ("PATCH", "/apis/apps/v1/namespaces/s/deployments/a/scale", {},
         "patch deployments.apps/scale a in s"),
        ("GET", "/api/v1/namespaces", {}, "list namespaces"),
        ("DELETE", "/api/v1/namespaces/shop", {}, "delete namespaces shop"),
        ("PUT", "/api/v1/namespaces/shop/finalize", {}, "update namespaces/finalize shop"),
        ("DELETE", "/api/v1/namespaces/shop/pods", {}, "deletecollection pods in shop"),
        ("PUT", "/api/v1/nodes/n1/status", {}, "update nodes/status n1"),
        ("HEAD", "/api/v1/nodes/n1", {}, "get nodes n1"),
    ],
)  # fmt: skip
def test_resource_paths(method: str, path: str, query: dict[str, str], expected: str) -> None:
    target = parse_target(method, path, query)

    subresource = f"/{target.subresource}" if target.subresource else ""
    name = f" {target.name}" if target.name else ""
    place = f" in {target.namespace}" if target.namespace else ""
    assert f"{target.verb} {target.resource}{subresource}{name}{place}" == expected


@pytest.mark.parametrize("path", ["/", "/version", "/api", "/api/v1", "/apis/apps/v1", "/metrics"])
def test_pages_are_no_resources(path: str) -> None:
    target = parse_target("GET", path, {})

    assert not target.is_resource
    assert (target.verb, target.path) == ("get", path)


def test_the_rights_over_a_namespace_are_looked_for_in_it() -> None:
    assert parse_target("GET", "/api/v1/namespaces/shop", {}).scope == "shop"
    assert parse_target("GET", "/api/v1/namespaces/shop/pods", {}).scope == "shop"
    assert parse_target("GET", "/api/v1/nodes/n1", {}).scope == ""


def test_what_counts_as_true() -> None:
    assert [is_true(text) for text in ("1", "true", "0", "", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]
