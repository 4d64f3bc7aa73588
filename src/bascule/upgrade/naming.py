"""Whether blue and green of a file are those of the journal, and what is to be recorded if not.

Names in files never move traffic: a cluster that has weight is never taken for another one.
"""

from collections.abc import Iterable

from bascule.errors import PlanError
from bascule.ids import Cluster
from bascule.routing.weights import render_percent
from bascule.upgrade.events import ClustersNamed, ClustersSwapped
from bascule.upgrade.names import Identities, Identity, find_weighty, normalise_server
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.state import GatewayState

SAME = (
    "if they are the same clusters at other addresses, say so once: "
    "`bascule run --same-clusters REASON`"
)


def decide_names(
    state: GatewayState, found: Identities, *, same_because: str = ""
) -> ClustersNamed | ClustersSwapped | None:
    """Return what is to be recorded so that the journal means the clusters `found` of a file.

    None: nothing. `same_because` is why an operator says that these are the clusters of before.
    Raises PlanError where a cluster with traffic would become another one.
    """
    known = find_known(state)
    if not known:
        return ClustersNamed(clusters=found)
    is_crossed = _is(found[Cluster.BLUE], known[Cluster.GREEN], but_not=known[Cluster.BLUE])
    changed = [c for c in Cluster if not known[c].is_same(found[c])]
    if same_because and not is_crossed:
        is_told = all(state.names.clusters.get(c) == found[c] for c in Cluster)
        return None if is_told else ClustersNamed(clusters=found, reason=same_because)
    if not changed:
        is_told = state.names.clusters == found
        return None if is_told else ClustersNamed(clusters=found)
    _require_rest(state, known, found)
    if is_crossed and find_weighty(state.split) == {Cluster.GREEN}:
        is_kept = known[Cluster.BLUE].is_same(found[Cluster.GREEN])
        return ClustersSwapped(clusters=found, is_blue_kept=is_kept)
    if find_weighty(state.split).intersection(changed) or is_crossed:
        raise _refuse(state, known, found, _explain(state, known))
    return ClustersNamed(clusters=found, replaced=tuple(changed))


def find_known(state: GatewayState) -> Identities:
    """Return who the journal says that the clusters are; empty where it does not say.

    A journal of an earlier version knows them by the contexts of its newest upgrade only.
    """
    if state.names.clusters or state.upgrade is None:
        return state.names.clusters
    return _read_plan(state.upgrade.plan)


def find_strangers(state: GatewayState, plan: Plan) -> tuple[Cluster, ...]:
    """Return the clusters by which `plan` means others than the journal, as far as both say."""
    known, meant = state.names.clusters, _read_plan(plan)
    if not known or not meant:
        return ()
    return tuple(c for c in Cluster if meant[c].server and not meant[c].is_same(known[c]))


def _read_plan(plan: Plan) -> Identities:
    found = {}
    for cluster in Cluster:
        told = plan.clusters.get(cluster.value)
        if isinstance(told, dict):
            server, name = str(told.get("server") or ""), str(told.get("name") or "")
            found[cluster] = Identity(server=normalise_server(server), context=name)
    return found if len(found) == len(Cluster) and all(w.known for w in found.values()) else {}


def _is(who: Identity, meant: Identity, *, but_not: Identity) -> bool:
    return who.is_same(meant) and not who.is_same(but_not)


def _require_rest(state: GatewayState, known: Identities, found: Identities) -> None:
    """Raise PlanError while something is under way that means the clusters of before."""
    if state.unfinished is not None:
        name = state.unfinished.name
        remedy = f"finish {name} with the file that it was started with, or roll it back"
        raise _refuse(state, known, found, f"{remedy}; {SAME}", because=f"{name} is unfinished")
    if state.in_flight is not None:
        remedy = f"start with the clusters of before, which ends it; {SAME}"
        raise _refuse(state, known, found, remedy, because="a change of weights is in flight")


def _explain(state: GatewayState, known: Identities) -> str:
    if state.split.default.only is Cluster.GREEN:
        return (
            f"for the next upgrade write {known[Cluster.GREEN]} as blue, which it becomes then, "
            f"and the new cluster as green; {SAME}"
        )
    return f"name the cluster that has the traffic as before; {SAME}"


def _refuse(
    state: GatewayState, known: Identities, found: Identities, remedy: str, *, because: str = ""
) -> PlanError:
    said = "; ".join(
        f"{c} is {known[c]} with {render_percent(state.split.default.of(c))} in the journal, "
        f"and {found[c]} in the file"
        for c in _differing(known, found)
    )
    why = because or "traffic would go to a cluster that nobody has judged"
    return PlanError(
        f"the file names other clusters than the journal, and {why}: {said}", remedy=remedy
    )


def _differing(known: Identities, found: Identities) -> Iterable[Cluster]:
    return (c for c in Cluster if not known[c].is_same(found[c]))
