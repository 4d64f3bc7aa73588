"""All annotations of one Ingress to what they ask for, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bascule.gateway.appgw.options import NO_OPTIONS, RouteOptions
from bascule.manifest.objects import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What an Ingress asks for.

    `is_refused`: a value that cannot be read decides over who sees what, or where requests go, so
    that no route of the Ingress may be served; `faults` say why.
    """

    options: RouteOptions = NO_OPTIONS
    faults: tuple[Fault, ...] = ()
    is_refused: bool = False


def read_options(extensions: Mapping[str, str]) -> ReadOptions:
    """Return what `extensions`, the annotations of one Ingress, ask for. Never raises."""
    del extensions
    return ReadOptions()
