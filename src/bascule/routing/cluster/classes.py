"""Which Ingresses are ours: by class annotation, class name, or the default class."""

from collections.abc import Iterable
from dataclasses import dataclass

from bascule.manifest.objects import Fault, Ingress, IngressClass

CONTROLLER = "bascule.dev/ingress"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnClasses:
    """Names of the classes that are ours, and whether an Ingress without a class is ours too."""

    names: frozenset[str]
    is_default_ours: bool = False

    def owns(self, ingress: Ingress) -> bool:
        """Return whether `ingress` is ours: the annotation decides, then the field."""
        name = ingress.class_annotation or ingress.class_name
        return name in self.names if name else self.is_default_ours

    def check(self, ingress: Ingress) -> tuple[Fault, ...]:
        """Return the fault of an Ingress whose annotation and field name different classes."""
        annotation, field = ingress.class_annotation, ingress.class_name
        if not annotation or not field or annotation == field:
            return ()
        message = f"the class annotation says {annotation!r}, ingressClassName {field!r}: the first"
        return (Fault("IngressClassAmbiguous", f"{message} decides"),)


def read_classes(
    classes: Iterable[IngressClass], *, names: Iterable[str], controller: str = CONTROLLER
) -> OwnClasses:
    """Return which classes are ours: those of our controller, and those with one of `names`.

    A name with a slash is a controller's: all of its classes are ours too, and so is an Ingress
    whose class annotation names it, as Azure's controller has it. Of several default classes the
    newest counts, as in the API server's admission; of equally old ones the first by name.
    """
    found = sorted(classes, key=lambda item: item.meta.name)
    named = frozenset(names)
    controllers = {controller, *(name for name in named if "/" in name)}
    ours = {item.meta.name for item in found if item.controller in controllers} | named
    defaults = [item for item in found if item.is_default]
    newest = max(defaults, key=lambda item: item.meta.created, default=None)
    return OwnClasses(
        names=frozenset(ours), is_default_ours=newest is not None and newest.meta.name in ours
    )
