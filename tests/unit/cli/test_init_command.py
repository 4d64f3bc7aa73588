from typing import Any

from bascule.cli.init_command import choose_classes, count_classes
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.cluster.classes import CONTROLLER
from tests.support.raw_objects import parsed, raw_ingress


def _class(name: str, controller: str = "k8s.io/nginx", *, is_default: bool = False) -> Any:
    default = {"ingressclass.kubernetes.io/is-default-class": "true"} if is_default else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name, "annotations": default},
        "spec": {"controller": controller},
    }


def _ingress(name: str, class_name: str | None, annotation: str = "") -> Any:
    raw = raw_ingress(name)
    if class_name is None:
        del raw["spec"]["ingressClassName"]
    else:
        raw["spec"]["ingressClassName"] = class_name
    if annotation:
        raw["metadata"]["annotations"] = {"kubernetes.io/ingress.class": annotation}
    return raw


def _snapshot(*raws: Any) -> ClusterSnapshot:
    return ClusterSnapshot.of(parsed(*raws))


def test_classes_are_counted_by_annotation_by_field_and_by_default() -> None:
    snapshot = _snapshot(
        _class("usual", is_default=True),
        _ingress("a", "inner"),
        _ingress("b", "nginx"),
        _ingress("c", None, "nginx"),
        _ingress("d", None),
    )

    assert list(count_classes(snapshot).items()) == [("nginx", 2), ("inner", 1), ("usual", 1)]


def test_an_ingress_without_any_class_is_counted_as_such() -> None:
    assert count_classes(_snapshot(_ingress("a", None))) == {"": 1}


def test_the_classes_that_are_used_are_served_and_our_own_need_no_word() -> None:
    snapshot = _snapshot(_class("ours", CONTROLLER), _class("nginx"))

    assert choose_classes(snapshot, {"ours": 3, "nginx": 2, "": 1}) == ("nginx",)
    assert choose_classes(snapshot, {"ours": 3}) == ("bascule",)
