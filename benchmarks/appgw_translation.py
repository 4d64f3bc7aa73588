"""(h) From a routing table of two clusters to an Application Gateway's document."""

import gc
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

from bascule.gateway.appgw.part import Facts
from bascule.gateway.appgw.settings import AppGwSettings, Limits
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.incremental import Builder
from bascule.routing.model import RouteSet, RoutingTable
from bascule.routing.options import BuildOptions
from bascule.routing.weights import Split, Weights
from benchmarks.figures import Section, Target, percentile, write_section
from benchmarks.translation import make_objects, make_slice, timed
from tests.support.raw_objects import parsed

PODS = 10
SIZES = (100, 200, 400, 1_000)
FITTING = 50
"""Ingresses whose pools, two each, are all that a gateway takes."""
ROUNDS, CHANGES = 7, 25
AGIC_S = 27.6
"""What AGIC's own translator takes for 400 Ingresses with 10 pods of one cluster, on 2 cores."""
WHOLE_S_MAX, CHANGE_MS_MAX, GROWTH_MAX = 0.3, 5.0, 1.5
FACTS = Facts(public_frontend="public", private_frontend="private")
SETTINGS = AppGwSettings(gateway_id="/subscriptions/s/applicationGateways/g", owner="shop")
SPLIT = Split(Weights.all_to(Cluster.BLUE))
NOTE = (
    "Each Ingress has a host, a Service and its pods in both clusters, and the whole document is "
    "made, prepared for either cluster. A change is one pod that leaves. The sizes above 50 "
    "Ingresses are more than a gateway takes, and are made without limits; with limits, what does "
    "not fit is found out and told, which is the time in brackets."
)
NOTE_ON_AGIC = (
    "AGIC's own translator (1.9.8, one cluster, without writing anything) took 27.6 s for 400 "
    "Ingresses with 10 pods each on 2 cores, and grows with the square of their number. The ratio "
    "counts our building of the routing table too."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Milliseconds of one size; `size_kib` of the children as JSON."""

    ingresses: int
    pods: int
    build_ms: float
    whole_ms: float
    limited_ms: float
    changes_ms: list[float]
    switch_ms: float
    size_kib: float


def main() -> None:
    """Measure each size and keep the section."""
    measured = [measure(size, PODS, limits=None) for size in SIZES]
    largest = measure(FITTING, Limits().targets_a_pool, limits=Limits())
    by_size = {each.ingresses: each for each in measured}
    write_section(
        Section(
            name="appgw_translation",
            title="Translation for an Application Gateway",
            command="make bench ARGS=appgw_translation",
            columns=[
                "Ingresses",
                "pods",
                "build of the table, ms",
                f"whole translation, ms: median of {ROUNDS} (within the limits)",
                f"after a change, ms: median of {CHANGES} (p95)",
                "after a switch of all hosts, ms",
                "children, KiB",
            ],
            rows=[render(each) for each in (*measured, largest)],
            targets=judge(by_size[400], by_size[1_000], by_size[100]),
            notes=[NOTE, NOTE_ON_AGIC],
        )
    )


def judge(at_400: Measured, at_1000: Measured, at_100: Measured) -> list[Target]:
    """Return what was promised and what came of it."""
    growth = (at_1000.whole_ms / 1_000) / (at_100.whole_ms / 100)
    change_ms = median(at_1000.changes_ms)
    ratio = 1_000 * AGIC_S / (at_400.whole_ms + at_400.build_ms)
    return [
        Target(
            text=f"400 Ingresses under {WHOLE_S_MAX} s: {at_400.whole_ms / 1_000:.2f} s, "
            f"{ratio:.0f}x as fast as AGIC's {AGIC_S} s",
            is_met=at_400.whole_ms < 1_000 * WHOLE_S_MAX,
            is_required=True,
        ),
        Target(
            text=f"linear: an Ingress of 1,000 costs at most {GROWTH_MAX}x one of 100: "
            f"{growth:.2f}x",
            is_met=growth < GROWTH_MAX,
            is_required=True,
        ),
        Target(
            text=f"one endpoint's change at 1,000 Ingresses under {CHANGE_MS_MAX:.0f} ms: "
            f"{change_ms:.1f} ms",
            is_met=change_ms < CHANGE_MS_MAX,
        ),
    ]


def render(measured: Measured) -> list[str]:
    """Return the row of one size."""
    changes = measured.changes_ms
    return [
        f"2 x {measured.ingresses:,}",
        f"2 x {measured.ingresses * measured.pods:,}",
        f"{measured.build_ms:,.0f}",
        f"{measured.whole_ms:,.0f} ({measured.limited_ms:,.0f})",
        f"{median(changes):.1f} ({percentile(changes, 95):.1f})",
        f"{measured.switch_ms:,.0f}",
        f"{measured.size_kib:,.0f}",
    ]


def measure(ingresses: int, pods: int, *, limits: Limits | None) -> Measured:
    """Measure one size."""
    snapshots = {
        cluster: ClusterSnapshot.of(make_objects(ingresses, pods, 64 + index))
        for index, cluster in enumerate(Cluster)
    }
    builder = Builder(BuildOptions())
    build_ms, routes = timed(lambda: builder.build(snapshots))
    settings = replace(SETTINGS, limits=limits)
    table = RoutingTable(routes=routes, split=SPLIT)
    whole = [whole_ms(settings, table) for _ in range(ROUNDS)]
    limited = [whole_ms(replace(SETTINGS, limits=Limits()), table) for _ in range(3)]
    translator = Translator(settings)
    part = translator.translate(table, FACTS)
    changes = measure_changes(translator, builder, snapshots, pods)
    green = RoutingTable(routes=routes, split=Split(Weights.all_to(Cluster.GREEN)))
    switch_ms, _ = timed(lambda: translator.translate(green, FACTS))
    return Measured(
        ingresses=ingresses,
        pods=pods,
        build_ms=build_ms,
        whole_ms=median(whole),
        limited_ms=median(limited),
        changes_ms=changes,
        switch_ms=switch_ms,
        size_kib=len(json.dumps(part.children)) / 1024,
    )


def whole_ms(settings: AppGwSettings, table: RoutingTable) -> float:
    """Return the time of a translation that can take nothing over."""
    translator = Translator(settings)
    gc.collect()
    took, _ = timed(lambda: translator.translate(table, FACTS))
    return took


def measure_changes(
    translator: Translator,
    builder: Builder,
    snapshots: Mapping[Cluster, ClusterSnapshot],
    pods: int,
) -> list[float]:
    """Return the times after single pods left."""
    found = []
    now = dict(snapshots)
    for number in range(CHANGES):
        (changed,) = parsed(make_slice(number, pods - 1, 64))
        now[Cluster.BLUE] = now[Cluster.BLUE].with_object(changed)
        routes: RouteSet = builder.build(now)
        table = RoutingTable(routes=routes, split=SPLIT)
        took, _ = timed(partial(translator.translate, table, FACTS))
        found.append(took)
    return found


if __name__ == "__main__":
    main()
