"""A question to Azure Monitor: which metrics, of what, from when to when. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bascule.lab.arm.monitor.catalogue import METRICS, Metric
from bascule.lab.arm.requests import ArmRefusal

TOP_DEFAULT: Final = 10
"""So many series of a metric that is split come without `top`: Azure's own limit."""
INTERVAL: Final = "PT1M"
SPAN_S: Final = 3_600.0
"""What is answered without a timespan."""
AGGREGATIONS: Final = ("average", "count", "maximum", "minimum", "total")
_CONDITION: Final = re.compile(r"^\(?\s*([\w.]+)\s+eq\s+'([^']*)'\s*\)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked; `wanted` has the values of each dimension by its name, `*` for any."""

    metrics: tuple[Metric, ...]
    from_s: float
    to_s: float
    aggregations: tuple[str, ...]
    wanted: Mapping[str, frozenset[str]]
    """Empty: nothing is split."""
    top: int


def parse_query(fields: Mapping[str, str], now: datetime) -> Query:
    """Return what a request asks for. Raises ArmRefusal 400."""
    asked = {name.lower(): value for name, value in fields.items()}
    metrics = tuple(_metric(name) for name in asked.get("metricnames", "").split(",") if name)
    if not metrics:
        raise _bad("The metricnames parameter is empty.")
    interval = asked.get("interval", INTERVAL).upper()
    if interval != INTERVAL:
        names = ",".join(metric.name for metric in metrics)
        raise _bad(
            f"Commonly allowed time grains: 00:01:00 between metrics: {names}, can not support "
            f"requested time grain: {interval} please adjust your interval parameter to use one of "
            "the common grains"
        )
    wanted = _parse_filter(asked.get("$filter", ""))
    for metric in metrics:
        _check_dimensions(metric, wanted)
    from_s, to_s = _parse_span(asked.get("timespan", ""), now)
    return Query(
        metrics=metrics,
        from_s=from_s,
        to_s=to_s,
        aggregations=_parse_aggregations(asked.get("aggregation", ""), metrics),
        wanted=wanted,
        top=_parse_top(asked.get("top", "")),
    )


def _metric(name: str) -> Metric:
    found = METRICS.get(name.strip().lower())
    if found is None:
        valid = ",".join(metric.name for metric in METRICS.values())
        raise _bad(
            "Failed to find metric configuration for provider: Microsoft.Network, resource Type: "
            f"applicationGateways, metric: {name}, Valid metrics: {valid}"
        )
    return found


def _check_dimensions(metric: Metric, wanted: Mapping[str, frozenset[str]]) -> None:
    known = {name.lower() for name in metric.dimensions}
    if not wanted.keys() <= known:
        raise _bad(
            f"Metric: {metric.name} does not support requested dimension combination: "
            f"{','.join(sorted(wanted))}, supported ones are: {','.join(metric.dimensions)}"
        )


def _parse_filter(text: str) -> dict[str, frozenset[str]]:
    """Return the values of each dimension (in lower case): `A eq 'x' or A eq 'y' and B eq '*'`."""
    wanted: dict[str, frozenset[str]] = {}
    for group in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE):
        for condition in re.split(r"\s+or\s+", group, flags=re.IGNORECASE):
            if not condition:
                continue
            found = _CONDITION.match(condition)
            if found is None:
                raise _bad(f"The filter {text!r} is not understood at {condition!r}.")
            name = found[1].lower()
            wanted[name] = wanted.get(name, frozenset()) | {found[2]}
    return wanted


def _parse_span(text: str, now: datetime) -> tuple[float, float]:
    if not text:
        return (now - timedelta(seconds=SPAN_S)).timestamp(), now.timestamp()
    first, _, last = text.partition("/")
    try:
        from_at, to_at = datetime.fromisoformat(first), datetime.fromisoformat(last)
    except ValueError as error:
        raise _bad(f"The timespan {text!r} is no START/END.") from error
    zone = now.tzinfo
    from_at, to_at = (
        each if each.tzinfo else each.replace(tzinfo=zone) for each in (from_at, to_at)
    )
    if from_at >= to_at:
        raise _bad(f"The timespan {text!r} ends before it begins.")
    return from_at.timestamp(), to_at.timestamp()


def _parse_aggregations(text: str, metrics: tuple[Metric, ...]) -> tuple[str, ...]:
    named = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if not named:
        return ("average",) if all(metric.is_gauge for metric in metrics) else ("total",)
    unknown = [name for name in named if name not in AGGREGATIONS]
    if unknown:
        raise _bad(f"The aggregation {unknown[0]} is not one of {', '.join(AGGREGATIONS)}.")
    return named


def _parse_top(text: str) -> int:
    if text and not text.isdigit():
        raise _bad(f"top is {text!r}, no number.")
    return int(text or TOP_DEFAULT)


def _bad(message: str) -> ArmRefusal:
    return ArmRefusal(400, "BadRequest", message)
