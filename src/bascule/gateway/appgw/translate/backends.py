"""Where a route leads: a pool, and the settings by which its members are reached.

A pool is called after its backend, so that its members may change and nothing else. Settings are
called after their content, so that what differs in anything is reached apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bascule.azure.document import Document, text_at
from bascule.gateway.appgw.part import POOLS
from bascule.gateway.appgw.settings import Mechanism
from bascule.gateway.appgw.translate.asked import Asked
from bascule.gateway.appgw.translate.members import Members, find_members, sort_addresses
from bascule.gateway.appgw.translate.reach import Reach, plan_reach
from bascule.gateway.appgw.translate.sheet import Sheet
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.members import choose_members
from bascule.routing.model import Severity
from bascule.routing.weights import Weights

BOTH = "both"
"""The tag of what leads to both clusters."""
LIVE = "live"
"""The tag of what leads to whichever cluster has the requests."""

Target = tuple[Document, Document]
"""References to a pool and to settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """Where requests of a host go: `wanted`, while the table as a whole does as `base` says.

    `affinity` stands in the place of the routes' own.
    """

    wanted: Weights
    base: Weights
    affinity: Affinity | None = None
    is_rounded: bool = False
    """Whether a share was asked for that the gateway may not be given."""
    is_fixed: bool = False
    """Whether requests never go elsewhere, so that no other way is prepared."""


TO_BLUE = Stance(wanted=Weights.all_to(Cluster.BLUE), base=Weights.all_to(Cluster.BLUE))


class Backends:
    """Writes the pools, settings and probes that routes of one group lead to onto a sheet."""

    def __init__(self, sheet: Sheet, stance: Stance, probe_host: str) -> None:
        self.sheet = sheet
        self._stance = stance
        self._probe_host = probe_host

    def lead(self, asked: Asked, wanted: Weights) -> Target:
        """Return where `asked` leads when `wanted` is asked for; to nobody if it cannot be led."""
        if asked.is_refused:
            return self.sheet.put_nothing()
        weights = asked.route.effective_weights(wanted)
        if weights.only is None:
            return self._lead_to_both(asked, weights)
        return self._lead_to_one(asked, weights.only)

    def _lead_to_one(self, asked: Asked, cluster: Cluster) -> Target:
        members = self._find(asked, cluster)
        if members is None:
            return self.sheet.put_nothing()
        reach = self._reach(asked, members)
        tag = self._tag(Weights.all_to(cluster))
        pool, settings = self._write(tag, members.name, members.addresses, reach)
        if self.sheet.site.settings.mechanism is Mechanism.RULES:
            self.sheet.pairs[text_at(settings, "id")] = text_at(pool, "id")
        return pool, settings

    def _lead_to_both(self, asked: Asked, weights: Weights) -> Target:
        larger = Cluster.BLUE if weights.blue_bp >= weights.green_bp else Cluster.GREEN
        blue, green = (self._find(asked, cluster) for cluster in Cluster)
        if blue is None or green is None:
            return self._lead_to_one(asked, larger)
        reach = self._reach(asked, blue)
        if reach != self._reach(asked, green):
            message = (
                f"{asked.where}: port, protocol or probe differ between the clusters, which "
                f"cannot share its requests; {larger} gets all of them until one cluster does"
            )
            self.sheet.report(asked.route, "ShareNotPossible", message, Severity.WARNING)
            return self._lead_to_one(asked, larger)
        chosen = choose_members(len(blue.addresses), len(green.addresses), weights.green_bp)
        addresses = (*blue.addresses[: chosen.blue], *green.addresses[: chosen.green])
        name = blue.name if blue.name == green.name else (*blue.name, *green.name)
        sticky = self._sticky(asked, reach)
        return self._write(self._tag(weights), name, sort_addresses(addresses), sticky)

    def _write(
        self, tag: str, name: tuple[str, ...], addresses: Sequence[str], reach: Reach
    ) -> Target:
        limits, names = self.sheet.site.settings.limits, self.sheet.site.names
        kept = addresses[: limits.targets_a_pool] if limits else addresses
        members = [{"ipAddress": address} for address in kept]
        pool = self.sheet.put(POOLS, names.pool(tag, *name), {"backendAddresses": members})
        return pool, reach.write(self.sheet, tag, name)

    def _tag(self, weights: Weights) -> str:
        """Return what pools that lead so are called by."""
        is_base = weights == self._stance.base
        if is_base and self.sheet.site.settings.mechanism is Mechanism.POOLS:
            return LIVE
        if weights.only is not None:
            return weights.only.value
        return BOTH if is_base else f"{BOTH}-{weights.green_bp}"

    def _sticky(self, asked: Asked, reach: Reach) -> Reach:
        """Return the reach that keeps a user at one server, and so with one cluster."""
        affinity = self._stance.affinity or asked.route.settings.affinity
        if affinity.kind is not AffinityKind.COOKIE or asked.options.has_affinity:
            return reach
        kept = {"cookieBasedAffinity": "Enabled", "affinityCookieName": affinity.name}
        return replace(reach, settings={**reach.settings, **kept})

    def _find(self, asked: Asked, cluster: Cluster) -> Members | None:
        return find_members(asked, cluster, self.sheet)

    def _reach(self, asked: Asked, members: Members) -> Reach:
        return plan_reach(asked, members, self._probe_host, self.sheet.site)
