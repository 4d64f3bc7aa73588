"""Whatever the clusters contain: a swap of their names moves no request."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.errors import InvariantError
from bascule.ids import Cluster, CommandId
from bascule.manifest.objects import ManifestObject
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.build import BuildOptions, build_routes
from bascule.routing.model import Endpoint, RouteSet
from bascule.routing.renaming import rename_routes
from bascule.routing.weights import Split, Weights
from bascule.upgrade.events import ClustersNamed, ClustersSwapped, Finished, Intended, Result
from bascule.upgrade.names import Identity, exchange_split
from bascule.upgrade.state import AnyEvent, Stamp, evolve
from tests.support.orders import GREEN, START, moved, state_after
from tests.support.routing_worlds import manifest_objects

WORLDS = st.lists(manifest_objects(), max_size=10)
FEW = settings(max_examples=40, deadline=None)
CLUSTERS = {cluster: Identity(server=f"https://{cluster}") for cluster in Cluster}

Share = tuple[str, str, tuple[Endpoint, ...]]


def distinct(objects: list[ManifestObject]) -> ClusterSnapshot:
    return ClusterSnapshot.of({item.ref: item for item in objects}.values())


def shares(routes: RouteSet, split: Split) -> Mapping[Share, int]:
    """Return how much of each route's requests goes to which endpoints."""
    found: dict[Share, int] = {}
    for host in routes.hosts:
        for route in host.routes:
            weights = route.effective_weights(split.for_host(host.name))
            for cluster in Cluster:
                backend = route.backend(cluster)
                if backend is not None and backend.endpoints and weights.of(cluster):
                    key = (host.name, str(route.match), backend.endpoints)
                    found[key] = found.get(key, 0) + weights.of(cluster)
    return found


@FEW
@given(WORLDS, WORLDS, st.sampled_from(("kept", "gone")), st.integers(0, 10_000))
def test_a_swap_keeps_who_gets_what_share(
    old: list[ManifestObject], new: list[ManifestObject], old_blue: str, green_bp: int
) -> None:
    clusters = {Cluster.BLUE: distinct(old), Cluster.GREEN: distinct(new)}
    if old_blue == "gone":
        del clusters[Cluster.BLUE]
    before = build_routes(clusters, options=BuildOptions(active=Cluster.GREEN))
    swap = ClustersSwapped(clusters=CLUSTERS, is_blue_kept=old_blue == "kept")
    naming = state_after(*moved(GREEN), swap).names.naming
    options = BuildOptions(active=Cluster.BLUE, naming=naming)

    after = build_routes({c.other: part for c, part in clusters.items()}, options=options)
    renamed = rename_routes(before, naming)

    assert renamed.hosts == after.hosts
    assert rename_routes(after, naming) is after
    for split in (GREEN, Split(Weights(green_bp))):
        assert shares(before, split) == shares(after, exchange_split(split))
    assert not {b.name for b in before.backends} & {b.name for b in after.backends}


ACTS = st.lists(st.sampled_from(("swap", "exchange", "new blue", "new green", "switch")))


@FEW
@given(ACTS)
def test_a_name_never_comes_to_mean_another_cluster(acts: list[str]) -> None:
    state = state_after()
    there: dict[Cluster, int] = dict(zip(Cluster, (1, 2), strict=True))
    meant: dict[str, int] = {}
    for number, act in enumerate(acts, 3):
        before = there[state.active]
        try:
            for event in events_of(act, state.split):
                state = evolve(state, event, Stamp(seq=number, at=START, actor="ada"))
        except InvariantError:
            continue  # It would have made another cluster of one with traffic.
        there = become(act, there, number)
        assert act == "switch" or there[state.active] == before
        for tag, role in state.names.aliases.items():
            assert meant.setdefault(tag, there[role]) == there[role]
        assert {c: state.names.aliases[tag] for c, tag in state.names.naming.tags.items()} == {
            c: c for c in Cluster
        }


def events_of(act: str, split: Split) -> list[AnyEvent]:
    if act == "switch":
        order_id, wanted = CommandId("o"), exchange_split(split)
        return [
            Intended(order_id=order_id, kind="switch", before=split, wanted=wanted),
            Finished(order_id=order_id, result=Result.DONE, split=wanted),
        ]
    if act.startswith("new"):
        return [ClustersNamed(clusters=CLUSTERS, replaced=(Cluster(act.removeprefix("new ")),))]
    return [ClustersSwapped(clusters=CLUSTERS, is_blue_kept=act == "exchange")]


def become(act: str, there: dict[Cluster, int], number: int) -> dict[Cluster, int]:
    """Return which cluster has which role after `act`; `number` is a new one."""
    match act:
        case "exchange":
            return {c: there[c.other] for c in Cluster}
        case "swap":
            return {Cluster.BLUE: there[Cluster.GREEN], Cluster.GREEN: number}
        case "switch":
            return there
        case _:
            return {**there, Cluster(act.removeprefix("new ")): number}
