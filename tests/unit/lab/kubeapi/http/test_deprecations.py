from bascule.lab.kubeapi.http.deprecations import warning
from bascule.lab.kubeapi.kinds import Kind, ServedVersion
from tests.support.lab_store import kind_named


def text(resource: str, version: str) -> str:
    kind = kind_named(resource)
    return warning(kind, next(item for item in kind.versions if item.name == version))


def test_a_version_with_an_end_names_its_replacement() -> None:
    assert text("horizontalpodautoscalers.autoscaling", "v2beta2") == (
        "autoscaling/v2beta2 HorizontalPodAutoscaler is deprecated in v1.23+, unavailable in "
        "v1.26+; use autoscaling/v2 HorizontalPodAutoscaler"
    )


def test_endpoints_name_another_kind() -> None:
    assert text("endpoints", "v1") == (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    )


def test_a_custom_version_has_no_release() -> None:
    version = ServedVersion(name="v1beta1", deprecated_in=0)
    kind = Kind(group="example.com", plural="crontabs", kind="CronTab", versions=(version,))

    assert warning(kind, version) == "example.com/v1beta1 CronTab is deprecated"
