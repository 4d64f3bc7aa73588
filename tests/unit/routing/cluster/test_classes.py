import pytest

from bascule.manifest.objects import Ingress, IngressClass, Metadata
from bascule.routing.cluster.classes import CONTROLLER, OwnClasses, read_classes


def _class(
    name: str, *, controller: str = "else/where", default: bool = False, created: str = ""
) -> IngressClass:
    meta = Metadata(namespace="", name=name, created=created)
    return IngressClass(meta=meta, controller=controller, is_default=default)


def _ingress(*, field: str = "", annotation: str = "") -> Ingress:
    meta = Metadata(namespace="shop", name="web")
    return Ingress(meta=meta, class_name=field, class_annotation=annotation)


def test_classes_of_our_controller_and_classes_by_name_are_ours() -> None:
    classes = [_class("ours", controller=CONTROLLER), _class("theirs"), _class("named")]

    found = read_classes(classes, names=("named", "bascule"))

    assert found.names == {"ours", "named", "bascule"}


@pytest.mark.parametrize(
    ("ingress", "is_ours"),
    [
        (_ingress(field="bascule"), True),
        (_ingress(annotation="bascule"), True),
        (_ingress(field="other"), False),
        (_ingress(field="other", annotation="bascule"), True),
        (_ingress(field="bascule", annotation="other"), False),
        (_ingress(), False),
    ],
    ids=["field", "annotation", "other", "annotation wins", "annotation loses", "none"],
)
def test_the_annotation_decides_then_the_field(ingress: Ingress, *, is_ours: bool) -> None:
    assert OwnClasses(names=frozenset({"bascule"})).owns(ingress) is is_ours


def test_an_ingress_without_a_class_is_ours_when_the_default_class_is() -> None:
    classes = read_classes([_class("bascule", default=True)], names=("bascule",))

    assert classes.owns(_ingress())


@pytest.mark.parametrize(
    ("ours_created", "is_ours"), [("2026-02-01", True), ("2025-01-01", False)], ids=["newer", "old"]
)
def test_of_two_default_classes_the_newest_counts(ours_created: str, *, is_ours: bool) -> None:
    ours = _class("bascule", default=True, created=ours_created)
    theirs = _class("other", default=True, created="2026-01-01")

    found = read_classes([theirs, ours], names=("bascule",))

    assert found.is_default_ours is is_ours


def test_a_contradiction_is_a_fault() -> None:
    classes = OwnClasses(names=frozenset({"bascule"}))

    (fault,) = classes.check(_ingress(field="other", annotation="bascule"))

    assert fault.code == "IngressClassAmbiguous"
    assert "'bascule'" in fault.message


@pytest.mark.parametrize(
    "ingress",
    [
        _ingress(),
        _ingress(field="a"),
        _ingress(annotation="a"),
        _ingress(field="a", annotation="a"),
    ],
    ids=["none", "field", "annotation", "same"],
)
def test_what_does_not_contradict_itself_is_fine(ingress: Ingress) -> None:
    assert OwnClasses(names=frozenset()).check(ingress) == ()


AGIC = "azure/application-gateway"


@pytest.mark.parametrize(
    ("names", "is_ours"),
    [(("bascule",), False), ((AGIC,), True), (("azure-application-gateway",), True)],
    ids=["by-default", "controller", "class"],
)
def test_a_class_of_azures_controller_is_ours_only_when_it_or_the_controller_is_named(
    names: tuple[str, ...], *, is_ours: bool
) -> None:
    found = read_classes([_class("azure-application-gateway", controller=AGIC)], names=names)

    assert found.owns(_ingress(field="azure-application-gateway")) is is_ours


def test_the_class_annotation_of_azures_controller_is_ours_when_it_is_named() -> None:
    ingress = _ingress(annotation=AGIC)

    assert read_classes([], names=("bascule", AGIC)).owns(ingress)
    assert not read_classes([], names=("bascule", "azure-application-gateway")).owns(ingress)
