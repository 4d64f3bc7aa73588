"""(i) The switch of an Application Gateway at 1 to 400 routes: PUTs, last old answer, failures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bascule.ids import Cluster
from benchmarks.appgw_lab import (
    PACE,
    RECORDED,
    SPEED,
    TIME_COLUMNS,
    Load,
    Place,
    Times,
    open_place,
    other,
    render_times,
    under_load,
)
from benchmarks.figures import Section, Target, median, percentile, write_section

ROUTES = (1, 50, 400)
SWITCHES = 10
RATE = 100.0
PAUSE_S = 1.0
ARTICLE = "seconds"
ARTICLE_S = 10.0
"""What the article's "seconds" are taken to be, at most."""
CANARY = "canary"
ROLLBACK = "rollback"
NOTE = (
    f"{SWITCHES} switches each, there and back; a canary of one host and its rollback; a switch "
    f"and its rollback; a restart. {PACE} {RECORDED}"
)
NOTE_ON_TIME = (
    "A switch is as fast as Azure takes a document over: one in two within about 10 s, one in ten "
    f'longer than a minute. That is not the article\'s "{ARTICLE}". Both clusters answer until the '
    "last instance has the new rules. Whoever needs milliseconds puts Envoys behind the gateway "
    "(`appgw+envoy`)."
)
NOTE_ON_SIZE = (
    "The document of 400 routes, both clusters' path maps in it, has 1.3 MB. The lab itself works "
    f"for about a second to take it over, which is multiplied by {SPEED:g} as if it were Azure's: "
    "read the last row as an upper bound."
)

NOTE_ON_FAILURES = (
    "Seen, and not explained: with 400 routes on 10 hosts one run of two had 1 of 8,880 requests "
    "fail. With 400 routes on 40 hosts, on two cores that had five times as much to do as they "
    "can, switches of 10 s and more went along with hundreds of failures; the same without that "
    "load had none."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One size of table."""

    routes: int
    hosts: int
    puts: Sequence[int]
    """Of each switch."""
    canary_puts: int
    rollback_puts: Sequence[int]
    restart_puts: int
    times: Sequence[Times]
    requests: int
    failed: int
    wrong: int


async def measure(place: Place, routes: int) -> Measured:
    """Switch there and back under load, then a canary, a rollback and a restart."""
    await place.set_routes(routes)
    await place.start_runtime()
    async with under_load(place, RATE) as load:
        await change_often(place, load)
    times = await load.read_times("switch")
    before = await place.count_puts()
    await place.stop_runtime()
    await place.start_runtime()
    return Measured(
        routes=routes,
        hosts=len(place.hosts),
        puts=[puts for name, puts in load.puts.items() if name.startswith("switch")],
        canary_puts=load.puts[CANARY],
        rollback_puts=[load.puts[f"{ROLLBACK}-{number}"] for number in range(2)],
        restart_puts=await place.count_puts() - before,
        times=times,
        requests=load.judged.requests,
        failed=load.judged.failed,
        wrong=load.count_wrong(),
    )


async def change_often(place: Place, load: Load) -> None:
    """Make all changes, each some time after the one before."""
    to = Cluster.GREEN
    for number in range(SWITCHES):
        await load.switch(f"switch-{number}", to)
        to = other(to)
        await asyncio.sleep(PAUSE_S)
    await load.change(CANARY, "weights", "--host", place.hosts[-1], "blue=0", "green=100")
    await asyncio.sleep(PAUSE_S)
    await load.change(f"{ROLLBACK}-0", "rollback", to=Cluster.BLUE)
    await asyncio.sleep(PAUSE_S)
    await load.switch("all", Cluster.GREEN)
    await asyncio.sleep(PAUSE_S)
    await load.change(f"{ROLLBACK}-1", "rollback", to=Cluster.BLUE)
    await asyncio.sleep(PAUSE_S)


def render_row(found: Measured) -> list[str]:
    """Return the table's row for one size."""
    return [
        f"{found.routes:,} ({found.hosts})",
        f"{min(found.puts)} to {max(found.puts)}",
        f"{found.canary_puts}, {max(found.rollback_puts)}, {found.restart_puts}",
        *render_times(found.times),
        f"{found.requests:,}",
        f"{found.failed}",
    ]


def judge_targets(found: Sequence[Measured]) -> list[Target]:
    """Return what was promised, and whether it was kept."""
    puts = {put for each in found for put in (*each.puts, each.canary_puts)}
    back = {put for each in found for put in each.rollback_puts}
    restarts = {each.restart_puts for each in found}
    failed, asked = sum(each.failed for each in found), sum(each.requests for each in found)
    wrong = sum(each.wrong for each in found)
    ranks = [_rank(each) for each in found]
    told = "; ".join(
        f"{each.routes} routes p50 {p50:.0f} s, p90 {p90:.0f} s"
        for each, (p50, p90) in zip(found, ranks, strict=True)
    )
    return [
        Target(
            text=f"exactly 1 PUT for a switch of any number of routes: {_shown(puts)}",
            is_met=puts == {1},
            is_required=True,
        ),
        Target(text=f"1 PUT for a rollback: {_shown(back)}", is_met=back == {1}, is_required=True),
        Target(
            text=f"0 PUTs on restart: {_shown(restarts)}",
            is_met=restarts == {0},
            is_required=True,
        ),
        Target(
            text=f"0 failed requests in switch, canary and rollback: {failed} of {asked:,}",
            is_met=failed == 0 < asked,
            is_required=True,
        ),
        Target(
            text=f"0 answers by the old cluster once a change is in force: {wrong}",
            is_met=wrong == 0,
            is_required=True,
        ),
        Target(
            text=f'the article\'s "{ARTICLE}" ({ARTICLE_S:g} s at most, 9 of 10 times) to the '
            f"last old answer, as recorded: {told}",
            is_met=all(p90 <= ARTICLE_S for _, p90 in ranks),
        ),
    ]


def _rank(found: Measured) -> tuple[float, float]:
    recorded_s = [each.recorded_s for each in found.times]
    return median(recorded_s), percentile(recorded_s, 90)


def _shown(counts: set[int]) -> str:
    return ", ".join(map(str, sorted(counts)))


def main() -> None:
    """Measure each size in a lab of its own and keep the section."""
    keep([measure_in_lab(routes) for routes in ROUTES])


def measure_in_lab(routes: int) -> Measured:
    """Measure one size."""
    with open_place() as place:
        return asyncio.run(measure(place, routes))


def keep(found: Sequence[Measured]) -> None:
    """Keep the section."""
    write_section(
        Section(
            name="appgw_switch",
            title="The switch of an Application Gateway",
            command="make bench ARGS=appgw_switch",
            columns=[
                "routes (hosts)",
                "PUTs of a switch",
                "of a canary step, a rollback, a restart",
                *TIME_COLUMNS,
                "requests",
                "failed",
            ],
            rows=[render_row(each) for each in found],
            targets=judge_targets(found),
            notes=[NOTE, NOTE_ON_TIME, NOTE_ON_SIZE, NOTE_ON_FAILURES],
        )
    )


if __name__ == "__main__":
    main()
