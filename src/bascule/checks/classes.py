"""Checks on ingress classes: an Ingress of green that nobody serves is a route that is missing."""

from collections.abc import Mapping

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_names
from bascule.ids import Cluster
from bascule.manifest.objects import Ingress
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.cluster.classes import read_classes

_Names = tuple[str, str]


def check_classes(inventory: Inventory) -> tuple[Finding, ...]:
    """Return which Ingresses the gateway serves in blue, and whose twins in green it would not."""
    if not inventory.is_known or len(inventory.clusters) < 2:
        return ()
    blue = _owned(inventory, inventory.clusters[Cluster.BLUE].snapshot)
    green = _owned(inventory, inventory.clusters[Cluster.GREEN].snapshot)
    lost = [
        f"{namespace}/{name} (class {_class(green[namespace, name][0])})"
        for (namespace, name), (_, is_ours) in sorted(blue.items())
        if is_ours and (namespace, name) in green and not green[namespace, name][1]
    ]
    if not lost:
        return ()
    return (
        Finding(
            severity=Severity.WARNING,
            code="IngressClassDiffers",
            subject="green",
            message="Ingresses that this gateway serves in blue have a class in green that it does "
            f"not serve: {render_names(lost, 'Ingresses')}",
            remedy="give them the class that they have in blue, or add theirs to "
            "gateway.ingressClasses",
        ),
    )


def _owned(
    inventory: Inventory, snapshot: ClusterSnapshot
) -> Mapping[_Names, tuple[Ingress, bool]]:
    ours = read_classes(
        snapshot.ingress_classes(),
        names=inventory.options.ingress_classes,
        controller=inventory.options.controller,
    )
    return {
        (item.meta.namespace, item.meta.name): (item, ours.owns(item))
        for item in snapshot.ingresses()
    }


def _class(ingress: Ingress) -> str:
    return ingress.class_annotation or ingress.class_name or "none, and no default of ours"
