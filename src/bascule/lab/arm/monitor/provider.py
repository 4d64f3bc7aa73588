"""Microsoft.Insights: metrics and diagnostic settings of gateways, and the activity log."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from typing_extensions import override

from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.logs.diagnostics import GATEWAYS, Diagnostics
from bascule.lab.arm.monitor.book import Book, Figure, Labels
from bascule.lab.arm.monitor.catalogue import Metric
from bascule.lab.arm.monitor.query import INTERVAL, Query, parse_query
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.world import ArmWorld, Provider

POINTS_MAX: Final = 3_000


class InsightsProvider(Provider):
    """Answers below `RESOURCE/providers/Microsoft.Insights`; all else goes to the activity log."""

    namespace = "Microsoft.Insights"

    def __init__(
        self, world: ArmWorld, book: Book, log: Provider, diagnostics: Diagnostics | None = None
    ) -> None:
        self._world = world
        self._book = book
        self._log = log
        self._diagnostics = diagnostics or Diagnostics(world.resources)

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        kinds = tuple(part.lower() for part in request.path.parts)
        if kinds[:1] == ("diagnosticsettings",) and request.path.group:
            return self._diagnostics.handle(request)
        if kinds != ("metrics",) or not request.path.group:
            return await self._log.handle(request)
        if request.method != "GET":
            raise ArmRefusal(405, "MethodNotAllowed", "Metrics can only be read.")
        resource = self._world.resources.find(request.path.scope)
        if resource is None:
            raise resource_not_found(parse_path(request.path.scope))
        if str(resource["type"]).lower() != GATEWAYS:
            raise ArmRefusal(400, "BadRequest", f"The lab has no metrics of {resource['type']}.")
        query = parse_query(request.query, self._world.clock.now())
        return ArmReply(body=self._answer(resource, query))

    def _answer(self, resource: Mapping[str, Any], query: Query) -> dict[str, Any]:
        span = f"{_time(query.from_s)}/{_time(query.to_s)}"
        return {
            "cost": 0,
            "timespan": span,
            "interval": INTERVAL,
            "value": [self._render(resource["id"], metric, query) for metric in query.metrics],
            "namespace": "Microsoft.Network/applicationGateways",
            "resourceregion": resource["location"],
        }

    def _render(self, resource_id: str, metric: Metric, query: Query) -> dict[str, Any]:
        minute_s = self._book.pace.minute_s
        first = int(-(-query.from_s // minute_s))
        minutes = range(first, min(first + POINTS_MAX, int(-(-query.to_s // minute_s))))
        now_s = self._world.clock.now().timestamp()
        found = _split(self._book.read(resource_id, metric.name, minutes, now_s), query)
        return {
            "id": f"{resource_id}/providers/Microsoft.Insights/metrics/{metric.name}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": metric.name, "localizedValue": metric.shown},
            "displayDescription": metric.description,
            "unit": metric.unit,
            "timeseries": [
                {
                    "metadatavalues": [
                        {"name": {"value": name, "localizedValue": name}, "value": value}
                        for name, value in labels
                    ],
                    "data": [
                        {
                            "timeStamp": _time(number * minute_s),
                            **_figures(figures.get(number), query),
                        }
                        for number in minutes
                    ],
                }
                for labels, figures in list(found.items())[: query.top if query.wanted else 1]
            ],
            "errorCode": "Success",
        }


def _split(
    found: Mapping[Labels, Mapping[int, Figure]], query: Query
) -> dict[Labels, dict[int, Figure]]:
    """Return the series by the dimensions that are asked for, the largest first."""
    series: dict[Labels, dict[int, Figure]] = {}
    for labels, figures in found.items():
        if not _is_wanted(labels, query):
            continue
        kept = tuple(
            (name.lower(), value) for name, value in labels if name.lower() in query.wanted
        )
        mine = series.setdefault(kept, {})
        for number, figure in figures.items():
            mine.setdefault(number, Figure()).add(figure)
    largest = sorted(series, key=lambda each: -sum(f.total for f in series[each].values()))
    return {labels: series[labels] for labels in largest}


def _is_wanted(labels: Labels, query: Query) -> bool:
    for name, value in labels:
        values = query.wanted.get(name.lower())
        if values and "*" not in values and value.lower() not in {each.lower() for each in values}:
            return False
    return True


def _figures(figure: Figure | None, query: Query) -> dict[str, float]:
    """Return what is shown of a minute: nothing if nothing is known of it."""
    if figure is None:
        return {}
    values = {
        "average": figure.total / figure.count,
        "count": float(figure.count),
        "maximum": figure.most,
        "minimum": figure.least,
        "total": figure.total,
    }
    return {name: values[name] for name in query.aggregations}


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    digits = "seconds" if moment.microsecond == 0 else "milliseconds"
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")
