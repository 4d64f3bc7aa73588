"""The figures of a runtime for Prometheus; what they mean stands in docs/reference/metrics.md."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import accumulate

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

from bascule.app.metering import BOUNDS_S, Figures, Timed
from bascule.app.metrics_place import MetricsPlace
from bascule.controller.cache import ClusterState
from bascule.controller.view import ControllerView
from bascule.errors import UsageError
from bascule.ids import Cluster, GatewayName
from bascule.routing.weights import Split

EVERY_OTHER = ""
"""The host of what holds for all hosts that have no weights of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """What is looked at when Prometheus asks; nobody else is asked for it."""

    gateway: GatewayName
    view: Callable[[], ControllerView]
    figures: Figures
    puts: Timed | None


@asynccontextmanager
async def serve_metrics(place: MetricsPlace, scraped: Scraped) -> AsyncIterator[None]:
    """Answer `GET /metrics` while entered. Raises UsageError when nobody may listen there."""
    registry = CollectorRegistry()
    registry.register(RuntimeCollector(scraped))

    async def answer(request: web.Request) -> web.Response:
        del request
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    application = web.Application()
    application.router.add_get("/metrics", answer)
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, place.host, place.port).start()
    except OSError as error:
        await runner.cleanup()
        raise UsageError(
            f"metrics cannot be shown on {place.host}:{place.port}: {error.strerror}",
            remedy="choose another --metrics-listen",
        ) from error
    try:
        yield
    finally:
        await runner.cleanup()


class RuntimeCollector(Collector):
    """All figures, made anew each time."""

    def __init__(self, scraped: Scraped) -> None:
        self._scraped = scraped

    @override
    def collect(self) -> Iterator[Metric]:
        view = self._scraped.view()
        yield from self._of_the_gateway()
        yield _split("bascule_wanted_percent", "Share that is wanted.", view.wanted_split)
        if view.applied_split is not None:
            name, what = "bascule_applied_percent", "Share that the gateway acknowledged."
            yield _split(name, what, view.applied_split)
        yield _of_problems(view)
        yield _of_clusters(view)
        yield GaugeMetricFamily(
            "bascule_gateway_fault",
            "1 while the gateway does not take the newest table.",
            value=int(view.gateway_fault is not None),
        )

    def _of_the_gateway(self) -> Iterator[Metric]:
        figures, puts = self._scraped.figures, self._scraped.puts
        info = GaugeMetricFamily("bascule_info", "1.", labels=["gateway"])
        info.add_metric([self._scraped.gateway], 1)
        yield info
        tables = CounterMetricFamily(
            "bascule_tables", "Routing tables by what became of them.", labels=["result"]
        )
        for result, count in (
            ("applied", figures.applied.total),
            ("unchanged", figures.unchanged),
            ("refused", figures.refused),
            ("unknown", figures.unknown),
        ):
            tables.add_metric([result], count)
        yield tables
        yield _seconds("bascule_table_seconds", "Until a table was acknowledged.", figures.applied)
        yield CounterMetricFamily(
            "bascule_foreign_changes", "Changes by somebody else.", value=figures.foreign
        )
        if puts is not None:
            yield CounterMetricFamily(
                "bascule_gateway_puts", "Updates that Azure took.", value=puts.total
            )
            yield _seconds("bascule_gateway_put_seconds", "Until an update ended.", puts)


def _seconds(name: str, what: str, timed: Timed) -> Metric:
    bounds = [*(f"{bound:g}" for bound in BOUNDS_S), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(timed.counts)), strict=True))
    return HistogramMetricFamily(name, what, buckets=buckets, sum_value=timed.seconds)


def _split(name: str, what: str, split: Split) -> Metric:
    metric = GaugeMetricFamily(name, what, labels=["host", "cluster"])
    for host, weights in ((EVERY_OTHER, split.default), *split.by_host.items()):
        for cluster in Cluster:
            metric.add_metric([host, cluster.value], weights.of(cluster) / 100)
    return metric


def _of_problems(view: ControllerView) -> Metric:
    metric = GaugeMetricFamily("bascule_problems", "Problems by code.", labels=["code", "severity"])
    both = (*view.routes.problems, *view.gateway_problems)
    counted = Counter((problem.code, problem.severity.value) for problem in both)
    for labels, count in sorted(counted.items()):
        metric.add_metric(list(labels), count)
    return metric


def _of_clusters(view: ControllerView) -> Metric:
    metric = GaugeMetricFamily(
        "bascule_cluster_away", "1 while a cluster's API is away.", labels=["cluster"]
    )
    for cluster, known in view.clusters.items():
        metric.add_metric([cluster.value], int(known.state is ClusterState.STALE))
    return metric
