"""How a split is held: by the configured weights, and by the runtime keys that outrank them.

Every route looks at two runtime keys first; a key of 100 sends all its requests to that cluster.
So a switch is one small message, whatever the number of routes, and the configured weights follow
later. Hosts with weights of their own have a pair of keys of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.snapshot import Resource, pack_resource
from bascule.ids import Cluster
from bascule.routing.naming import PLAIN_TAGS, Tags
from bascule.routing.weights import Split, Weights

LAYER_NAME = "bascule"
DEFAULT_SCOPE = ""
"""The scope of every host that has no weights of its own; other scopes are host names."""


def runtime_key(scope: str, tag: str) -> str:
    """Return the key that forces the cluster of that tag in `scope`: `bascule.green` by default."""
    return f"bascule.host.{scope}.{tag}" if scope else f"bascule.{tag}"


def _nothing() -> Mapping[str, Cluster]:
    return MappingProxyType({})


def _plain_tags() -> Tags:
    return PLAIN_TAGS


@dataclass(frozen=True, slots=True)
class Stance:
    """The configured weights (in the routes) and the forced clusters by scope (in the runtime)."""

    configured: Split
    forced: Mapping[str, Cluster] = field(default_factory=_nothing)
    tags: Tags = field(default_factory=_plain_tags)
    """What the runtime keys of the clusters end with."""
    proxies: int = 0
    """How many proxies of ours stand before Envoy, whose `x-forwarded-` headers are believed."""

    @property
    def keys(self) -> Mapping[str, int]:
        """The runtime keys that force these clusters."""
        return build_keys(self.forced, self.tags)

    @property
    def effective(self) -> Split:
        """The split that requests see."""
        hosts = {host: self._of(host, w) for host, w in self.configured.by_host.items()}
        return Split(self._of(DEFAULT_SCOPE, self.configured.default), hosts)

    def _of(self, scope: str, configured: Weights) -> Weights:
        cluster = self.forced.get(scope)
        return configured if cluster is None else Weights.all_to(cluster)


def plan_flip(configured: Split, wanted: Split) -> Mapping[str, Cluster] | None:
    """Return the forced clusters that make `wanted` effective over `configured`.

    None when the runtime cannot express it: a percentage other than the configured one, or a host
    that needs a pair of keys which no route of it looks at yet.
    """
    added = [h for h in wanted.by_host if h not in configured.by_host]
    if any(wanted.by_host[h] != wanted.default for h in added):
        return None
    forced: dict[str, Cluster] = {}
    scopes = {DEFAULT_SCOPE: configured.default, **configured.by_host}
    for scope, now in scopes.items():
        target = wanted.for_host(scope) if scope else wanted.default
        if target == now:
            continue
        if target.only is None:
            return None
        forced[scope] = target.only
    return MappingProxyType(forced)


def build_keys(forced: Mapping[str, Cluster], tags: Tags) -> dict[str, int]:
    """Return the runtime keys that force these clusters, with their percentage."""
    return {runtime_key(scope, tags[cluster]): 100 for scope, cluster in sorted(forced.items())}


def build_runtime(forced: Mapping[str, Cluster], tags: Tags = PLAIN_TAGS) -> Resource:
    """Return the runtime layer that forces these clusters, and nothing else."""
    keys = build_keys(forced, tags)
    layer = protos.message("envoy.service.runtime.v3.Runtime")(name=LAYER_NAME, layer=keys)
    return pack_resource(LAYER_NAME, layer)
