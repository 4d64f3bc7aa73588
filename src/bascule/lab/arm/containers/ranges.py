"""How many addresses machines take of a subnet, and which one they have if none is named. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from bascule.lab.arm.containers.clusters import is_overlay
from bascule.lab.arm.resources import Document

OWN_SUBNET: Final = "10.224.0.0/16"
"""Of the network that AKS makes for a cluster that names no subnet."""


def addresses_of(document: Document, profile: Mapping[str, Any]) -> int:
    """Return how many addresses of its nodes' subnet one machine of a pool takes.

    On a flat network it takes one for itself and one for each pod that it may have.
    """
    is_flat = not is_overlay(document) and not profile.get("podSubnetID")
    return 1 + int(profile["maxPods"]) if is_flat else 1
