"""What a build of the routing table takes beside the clusters' objects."""

from dataclasses import dataclass

from bascule.ids import Cluster
from bascule.manifest.objects import ALWAYS_READ, Kind
from bascule.routing.cluster.classes import CONTROLLER
from bascule.routing.model import Listener
from bascule.routing.naming import PLAIN_NAMING, Naming

AGIC_PREFIX = "appgw.ingress.kubernetes.io/"
"""Of the annotations that Azure's ingress controller reads."""
DEFAULT_LISTENERS = (
    Listener(name="http", address="127.0.0.1", port=8080),
    Listener(name="https", address="127.0.0.1", port=8443, is_tls=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """Listeners, which Ingresses are ours, and the cluster whose settings win (`active`).

    `naming` is how backends are called. `reads_probes` and `reads_rewrites` are for gateways that
    ask the pods themselves, and that know rewrite rules: others need no right to these objects.
    `told_elsewhere` is the prefix of annotations of which the gateway itself says what is wrong.
    """

    listeners: tuple[Listener, ...] = DEFAULT_LISTENERS
    ingress_classes: tuple[str, ...] = ("bascule",)
    controller: str = CONTROLLER
    active: Cluster = Cluster.BLUE
    naming: Naming = PLAIN_NAMING
    reads_probes: bool = False
    reads_rewrites: bool = False
    told_elsewhere: str | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of object that a table is made of."""
        more = [kind for kind, is_read in self._optional if is_read]
        return (*ALWAYS_READ, *more)

    @property
    def _optional(self) -> tuple[tuple[Kind, bool], ...]:
        return ((Kind.POD, self.reads_probes), (Kind.REWRITE, self.reads_rewrites))
