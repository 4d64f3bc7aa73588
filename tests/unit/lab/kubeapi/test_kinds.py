import pytest

from bascule.lab.kubeapi.kinds import (
    BUILT_IN,
    NEWEST_MINOR,
    OLDEST_MINOR,
    kinds_of_release,
    parse_minor,
)
from bascule.lab.kubeapi.objects.schema import Gvk, load_catalog


@pytest.mark.parametrize("minor", [OLDEST_MINOR, 29, 33, NEWEST_MINOR])
def test_every_served_kind_is_in_the_definitions_of_its_release(minor: int) -> None:
    known = set(load_catalog(f"1.{minor}").kinds)

    served = {
        Gvk(group=kind.group, version=version.name, kind=kind.kind)
        for kind in kinds_of_release(minor)
        for version in kind.versions
    }

    assert served - known == set()


def test_every_stable_kind_of_the_newest_release_is_served() -> None:
    not_served = {"DeleteOptions", "Eviction", "Scale", "TokenRequest", "WatchEvent"}
    late = {"certificates.k8s.io", "resource.k8s.io", "storagemigration.k8s.io"}

    known = {
        (gvk.group, gvk.kind)
        for gvk in load_catalog("1.36").kinds
        if gvk.version == "v1" and gvk.kind not in not_served and not gvk.kind.endswith("List")
    }
    served = {(kind.group, kind.kind) for kind in kinds_of_release(36)}

    assert {(group, kind) for group, kind in known - served if group not in late} <= {
        ("", "Status"),
        ("", "APIGroup"),
        ("", "APIResource"),
        ("", "APIVersions"),
    }


def test_names_are_unique_and_singular_names_are_words() -> None:
    names = [kind.resource for kind in BUILT_IN]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "minor"), [("1.33", 33), ("v1.25", 25), ("1.37.2", 37)], ids=["short", "v", "patch"]
)
def test_releases_are_read(text: str, minor: int) -> None:
    assert parse_minor(text) == minor


@pytest.mark.parametrize("text", ["1.24", "1.38", "2.30"])
def test_unknown_releases_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not known"):
        parse_minor(text)


def test_resources_are_named_as_kubectl_does() -> None:
    deployment = next(kind for kind in BUILT_IN if kind.kind == "Deployment")
    pod = next(kind for kind in BUILT_IN if kind.kind == "Pod")

    assert (deployment.resource, deployment.api_version()) == ("deployments.apps", "apps/v1")
    assert (pod.resource, pod.api_version()) == ("pods", "v1")
    assert deployment.has_status
    assert deployment.served_version("v1beta1") is None
