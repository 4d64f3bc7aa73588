import pytest

from bascule.manifest.objects import IngressClass, Kind, ObjectRef
from bascule.manifest.parse import parse_object, parse_ref
from tests.support.manifests import raws, view
from tests.support.raw_objects import Raw, raw_ingress


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"kind": "Ingress", "metadata": None},
        {"kind": 7, "metadata": {"name": "x"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}},
        {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "x"}},
        {"apiVersion": "example.com/v1", "kind": "Service", "metadata": {"name": "x"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": ""}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": 5}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a/b"}},
    ],
    ids=["empty", "null", "kind", "other", "old", "foreign", "nameless", "number", "slash"],
)
def test_what_routing_does_not_read_is_none(raw: Raw) -> None:
    assert parse_object(raw) is None


def test_an_object_without_a_namespace_is_in_the_default_one() -> None:
    raw = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}

    assert parse_ref(raw) == ObjectRef(Kind.SERVICE, "default", "web")


def test_versions_that_differ_only_in_bookkeeping_are_equal() -> None:
    first, second = raw_ingress(), raw_ingress()
    second["metadata"]["resourceVersion"] = "99"
    second["metadata"]["managedFields"] = [{"manager": "someone"}]
    second["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    second["status"] = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}

    assert parse_object(first) == parse_object(second)


def test_annotations_that_are_no_text_are_left_out() -> None:
    raw = raw_ingress()
    raw["metadata"]["annotations"] = {"b": "2", "a": "1", "c": 3}

    found = parse_object(raw)

    assert found is not None
    assert list(found.meta.annotations.items()) == [("a", "1"), ("b", "2")]


CLASS = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: main
  annotations: {ingressclass.kubernetes.io/is-default-class: "true"}
spec: {controller: bascule.dev/ingress}
"""


def test_a_class_tells_its_controller_and_whether_it_is_the_default() -> None:
    found = view(CLASS, IngressClass)

    assert (found.controller, found.is_default) == ("bascule.dev/ingress", True)
    assert found.ref == ObjectRef(Kind.INGRESS_CLASS, "", "main")


def test_a_broken_class_is_a_class_with_a_fault() -> None:
    (raw,) = raws(CLASS.replace("bascule.dev/ingress", "7"))

    found = parse_object(raw)

    assert isinstance(found, IngressClass)
    assert found.is_default
    assert [fault.code for fault in found.faults] == ["IngressClassInvalid"]
