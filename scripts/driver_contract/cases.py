"""What every gateway driver must do, case by case; each raises BrokenContractError.

Tests try them on every driver (tests/contract/test_gateway_driver.py), and `make azure-real` on an
application gateway of Azure itself.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from bascule.gateway.driver import Applied, Convergence
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Mirror, Preview
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import RouteSet, RoutingTable
from bascule.routing.weights import Split, Weights
from scripts.driver_contract.bench import HOST, PREVIEW_HOST, Bench, refused, same, so

ALL_BLUE = Weights.all_to(Cluster.BLUE)
ALL_GREEN = Weights.all_to(Cluster.GREEN)
ARRANGED = Arrangement(
    preview=Preview(header="x-bascule-preview", hosts={PREVIEW_HOST: HOST}),
    mirror=Mirror(share_bp=1_000),
    affinity=Affinity(kind=AffinityKind.HEADER, name="x-user"),
)
"""What a gateway that can do everything arranges."""
ARRANGED_BY_HOST = Arrangement(
    preview=Preview(hosts={PREVIEW_HOST: HOST}), affinity=Affinity(name="user")
)
"""What an application gateway arranges."""
_UNABLE = {
    "a header's preview": Arrangement(preview=Preview(header="x-bascule-preview")),
    "a mirror": Arrangement(mirror=Mirror(share_bp=1_000)),
    "a header's affinity": Arrangement(affinity=Affinity(kind=AffinityKind.HEADER, name="x-user")),
}
"""What not every gateway can arrange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that a driver must do."""

    text: str
    check: Callable[[Bench], Awaitable[None]]
    needs_empty: bool = False
    """Whether nothing may have been written before."""
    needs_figures: bool = False
    """Whether it is about what the gateway counts, not about what it is told."""


async def _nothing_is_live(bench: Bench) -> None:
    observed = await bench.driver.observe()

    so(
        f"pending or unknown: {observed.convergence}",
        is_so=observed.convergence in {Convergence.PENDING, Convergence.UNKNOWN},
    )
    so("it says why", is_so=bool(observed.reason))
    same("what is live", (observed.table_digest, observed.split), (None, None))


async def _a_table_is_acknowledged(bench: Bench) -> None:
    applied = await _apply(bench)

    observed = await bench.driver.observe()
    _require_live(observed.convergence, observed.reason)
    same("the table that was acknowledged", applied.table_digest, _table(bench.routes).digest)
    same("the table that is seen", observed.table_digest, applied.table_digest)
    so("it is acknowledged after it was sent", is_so=applied.acknowledged_s >= applied.sent_s)
    same("instances", (applied.instances, observed.instances), (1, 1))
    so("more than a split was new", is_so=not applied.is_split_only)


async def _the_same_table_twice(bench: Bench) -> None:
    first = await _apply(bench, _some(bench))
    seen = await bench.driver.observe()

    second = await _apply(bench, _some(bench))

    again = await bench.driver.observe()
    same("the table", second.table_digest, first.table_digest)
    so("nothing new was found in it", is_so=not second.is_split_only)
    same("what is live", (again.convergence, again.split), (seen.convergence, seen.split))


async def _a_split_alone(bench: Bench) -> None:
    await _apply(bench, ALL_BLUE)

    to_green = await _apply(bench, ALL_GREEN)
    green = await _split(bench)
    to_blue = await _apply(bench, ALL_BLUE)
    blue = await _split(bench)

    same("told as a split", (to_green.is_split_only, to_blue.is_split_only), (True, True))
    same("what was seen", (green, blue), (Split(ALL_GREEN), Split(ALL_BLUE)))


async def _new_routes_are_more(bench: Bench) -> None:
    await _apply(bench)

    applied = await _apply(bench, ALL_GREEN, routes=bench.other_routes)

    so("new routes are no split alone", is_so=not applied.is_split_only)
    same("the split", await _split(bench), Split(ALL_GREEN))


async def _shares_are_exact(bench: Bench) -> None:
    weights = Weights(10_000 - bench.driver.capabilities().weight_step_bp)

    await _apply(bench, weights)

    same("the split", await _split(bench), Split(weights))


async def _a_host_of_its_own(bench: Bench) -> None:
    split = Split(ALL_BLUE, {HOST: ALL_GREEN})

    await _apply(bench, split)

    same("the split", await _split(bench), split)
    await _apply(bench, ALL_BLUE)
    same("the split afterwards", await _split(bench), Split(ALL_BLUE))


async def _a_refused_table(bench: Bench) -> None:
    good = await _apply(bench, ALL_GREEN)

    routes = await bench.prepare_refusal()
    await refused("a table that the gateway says no to", _apply(bench, routes=routes))

    observed = await bench.driver.observe()
    same("the table that is live", observed.table_digest, good.table_digest)
    same("the split that is live", observed.split, Split(ALL_GREEN))
    await _apply(bench, ALL_BLUE, routes=bench.other_routes)
    observed = await bench.driver.observe()
    _require_live(observed.convergence, observed.reason)


async def _a_broken_call(bench: Bench) -> None:
    await _apply(bench)
    await bench.break_off(lambda: _apply(bench, _some(bench), routes=bench.other_routes))

    await _apply(bench, ALL_GREEN)

    observed = await bench.driver.observe()
    _require_live(observed.convergence, observed.reason)
    same("the split", observed.split, Split(ALL_GREEN))


async def _traffic_of_both(bench: Bench) -> None:
    await _apply(bench)

    traffic = (await bench.driver.observe()).traffic

    so(f"both clusters or none: {sorted(traffic)}", is_so=set(traffic) in (set(), set(Cluster)))


async def _an_arrangement(bench: Bench) -> None:
    await _apply(bench)

    applied = await _apply(bench, ALL_GREEN, arrangement=bench.arranged)

    observed = await bench.driver.observe()
    wanted = _table(bench.routes, ALL_GREEN, bench.arranged)
    so("an arrangement is no split", is_so=not applied.is_split_only)
    _require_live(observed.convergence, observed.reason)
    same("the table that was acknowledged", applied.table_digest, wanted.digest)
    same("the table that is seen", observed.table_digest, wanted.digest)


async def _a_split_under_an_arrangement(bench: Bench) -> None:
    await _apply(bench, arrangement=bench.arranged)

    flip = await _apply(bench, ALL_GREEN, arrangement=bench.arranged)
    ended = await _apply(bench, ALL_GREEN)

    same("told as a split", (flip.is_split_only, ended.is_split_only), (True, False))
    same("the split", await _split(bench), Split(ALL_GREEN))


async def _what_it_cannot_arrange(bench: Bench, *, arrangement: Arrangement) -> None:
    able = bench.driver.capabilities()
    if able.has_mirroring and able.has_preview_by_header:
        so("applied", is_so=bool((await _apply(bench, arrangement=arrangement)).table_digest))
        return
    good = await _apply(bench)

    error = await refused(
        "what it cannot arrange", _apply(bench, ALL_GREEN, arrangement=arrangement)
    )

    observed = await bench.driver.observe()
    so("it says what to do", is_so=bool(error.remedy))
    same("the table that is live", observed.table_digest, good.table_digest)
    same("the split that is live", observed.split, Split(ALL_BLUE))


async def _figures(bench: Bench) -> None:
    bench.prepare_figures()
    await _apply(bench)

    measured = await bench.driver.measure()

    same("who is measured", set(measured), set(Cluster))
    for traffic in measured.values():
        if traffic.latency is None:
            so("latencies are there", is_so=False)
            return
        bounds, counts = traffic.latency.bounds_ms, traffic.latency.counts
        same("counts of latencies", len(counts), len(bounds) + 1)
        same("totals", (traffic.completed_total, traffic.abandoned_total), (0, 0))
    observed = (await bench.driver.observe()).traffic
    same("latencies at a glance", {each.latency for each in observed.values()}, {None})


async def _consistent(bench: Bench) -> None:
    able = bench.driver.capabilities()

    same("what a step leaves of the whole", 10_000 % able.weight_step_bp, 0)
    so(
        f"kinds of traffic: {sorted(able.traffic_kinds)}",
        is_so=able.traffic_kinds <= {"http1", "http2", "websocket", "grpc"},
    )
    is_able = bench.arranged.mirror is not None
    said = (able.has_mirroring, able.has_preview_by_header)
    same("mirror and preview by header", said, (is_able, is_able))


CASES = (
    Case(text="nothing is live before the first table", check=_nothing_is_live, needs_empty=True),
    Case(text="an applied table is acknowledged and seen", check=_a_table_is_acknowledged),
    Case(text="the same table twice is one effect", check=_the_same_table_twice),
    Case(text="a new split alone is told apart and seen at once", check=_a_split_alone),
    Case(text="new routes are not a split alone", check=_new_routes_are_more),
    Case(text="shares are exact to the step that the driver names", check=_shares_are_exact),
    Case(text="a host may have weights of its own", check=_a_host_of_its_own),
    Case(
        text="a refused table leaves the last one live and the next one is taken",
        check=_a_refused_table,
    ),
    Case(text="a call that is broken off does no harm to the next", check=_a_broken_call),
    Case(
        text="traffic is told for both clusters or not at all",
        check=_traffic_of_both,
        needs_figures=True,
    ),
    Case(
        text="an arrangement is acknowledged with its table and is no split",
        check=_an_arrangement,
    ),
    Case(text="a split under an arrangement is a split alone", check=_a_split_under_an_arrangement),
    *(
        Case(
            text=f"{what} that a gateway cannot arrange is refused and changes nothing",
            check=partial(_what_it_cannot_arrange, arrangement=arrangement),
        )
        for what, arrangement in _UNABLE.items()
    ),
    Case(
        text="measured figures are of both clusters and hold latencies",
        check=_figures,
        needs_figures=True,
    ),
    Case(text="what it can do is consistent", check=_consistent),
)


def _some(bench: Bench) -> Weights:
    """Return weights other than all to blue: a quarter to blue, where the gateway can do that."""
    is_able = 2_500 % bench.driver.capabilities().weight_step_bp == 0
    return Weights(2_500) if is_able else ALL_GREEN


async def _apply(
    bench: Bench,
    split: Split | Weights = ALL_BLUE,
    *,
    routes: RouteSet | None = None,
    arrangement: Arrangement = NOTHING_ARRANGED,
) -> Applied:
    table = _table(routes or bench.routes, split, arrangement)
    return await bench.driver.apply(table, EMPTY_STORE)


def _table(
    routes: RouteSet,
    split: Split | Weights = ALL_BLUE,
    arrangement: Arrangement = NOTHING_ARRANGED,
) -> RoutingTable:
    whole = split if isinstance(split, Split) else Split(split)
    return RoutingTable(routes=routes, split=whole, arrangement=arrangement)


async def _split(bench: Bench) -> Split | None:
    return (await bench.driver.observe()).split


def _require_live(convergence: Convergence, reason: str) -> None:
    so(f"converged: {convergence}, {reason}", is_so=convergence is Convergence.CONVERGED)
