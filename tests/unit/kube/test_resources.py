from bascule.kube.resources import (
    DEPLOYMENTS,
    INGRESS_CLASSES,
    INGRESSES,
    NAMESPACES,
    SERVICES,
)


def test_the_core_group_has_its_own_root() -> None:
    assert SERVICES.path() == "/api/v1/services"
    assert SERVICES.api_version == "v1"


def test_other_groups_live_below_apis() -> None:
    assert INGRESSES.path() == "/apis/networking.k8s.io/v1/ingresses"
    assert INGRESSES.api_version == "networking.k8s.io/v1"


def test_an_object_has_namespace_name_and_subresource_in_its_path() -> None:
    path = DEPLOYMENTS.path(namespace="shop", name="web", subresource="scale")

    assert path == "/apis/apps/v1/namespaces/shop/deployments/web/scale"


def test_a_resource_without_namespaces_never_has_one_in_its_path() -> None:
    assert INGRESS_CLASSES.path(namespace="shop", name="b").endswith("/v1/ingressclasses/b")
    assert NAMESPACES.path(name="shop") == "/api/v1/namespaces/shop"


def test_names_cannot_leave_their_place_in_the_path() -> None:
    assert SERVICES.path(namespace="a/b", name="../x") == (
        "/api/v1/namespaces/a%2Fb/services/..%2Fx"
    )
