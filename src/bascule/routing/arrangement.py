"""What stands around the split for the time of an upgrade: preview, mirroring, sticky users."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bascule.ids import Cluster
from bascule.routing.affinity import Affinity


def _no_hosts() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How a request reaches one cluster whatever the split says.

    A request whose `header` names a cluster (`blue`, `green`) goes there; empty: no such header.
    `hosts` are further host names, lower case, each with the host whose routes in green it shows.
    """

    header: str = ""
    hosts: Mapping[str, str] = field(default_factory=_no_hosts)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hosts", MappingProxyType(dict(sorted(self.hosts.items()))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A copy of so many of the requests that go elsewhere is sent to `target`.

    Its answers are thrown away. `share_bp` is in hundredths of a percent.
    """

    share_bp: int
    target: Cluster = Cluster.GREEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """`affinity` takes the place of the routes' own where it is given."""

    preview: Preview | None = None
    mirror: Mirror | None = None
    affinity: Affinity | None = None


NOTHING_ARRANGED = Arrangement()
