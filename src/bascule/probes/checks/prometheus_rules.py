"""Whether what a Prometheus answered is within its limits."""

import math
from collections.abc import Mapping

from bascule.journal.record import Json
from bascule.probes.checks.answers import Found, failed, passed, unknown

SERIES_MAX = 1_000
SHOWN_MAX = 3


def judge_values(document: Json, *, least: float | None, most: float | None) -> Found:
    """Return whether every value of an instant query's answer is within its limits.

    Nothing, not a number, and what is no answer of a Prometheus are unknown: silence is no success.
    """
    values = _read_values(document)
    if isinstance(values, str):
        return unknown(values)
    if not values:
        return unknown("the query has no result: silence is not success")
    if any(math.isnan(value) for _, value in values):
        return unknown("the query's result is not a number (NaN)")
    worst = max(values, key=lambda named: _excess(named[1], least, most))[1]
    outside = [(name, v) for name, v in values if _excess(v, least, most) > 0]
    limits = _limits(least, most)
    if outside:
        shown = ", ".join(f"{v:g}{name}" for name, v in outside[:SHOWN_MAX])
        of = f"{len(outside)} of {len(values)} series: " if len(values) > 1 else ""
        return failed(f"{of}{shown} is not {limits}", value=worst)
    return passed(f"{worst:g} is {limits}", value=worst)


def _read_values(document: Json) -> list[tuple[str, float]] | str:
    """Return the values with the names of their series, or why there are none."""
    fields = document if isinstance(document, dict) else {}
    if fields.get("status") != "success":
        return f"Prometheus says: {fields.get('error') or 'what is no answer of a Prometheus'}"
    data = fields.get("data")
    found = data if isinstance(data, dict) else {}
    kind, result = found.get("resultType"), found.get("result")
    try:
        if kind == "scalar":
            return [("", _number(result))]
        if kind == "vector" and isinstance(result, list) and len(result) <= SERIES_MAX:
            return [_read_series(item, is_alone=len(result) == 1) for item in result]
    except (ValueError, TypeError, IndexError):
        return "a value of the query's result is not a number"
    return f"the query's result is a {kind} and not one number, or has over {SERIES_MAX} series"


def _read_series(item: Json, *, is_alone: bool) -> tuple[str, float]:
    fields: Mapping[str, Json] = item if isinstance(item, dict) else {}
    metric = fields.get("metric")
    labels = sorted(metric.items()) if isinstance(metric, dict) and not is_alone else []
    name = " {" + ", ".join(f"{key}={value}" for key, value in labels) + "}" if labels else ""
    return name, _number(fields.get("value"))


def _number(pair: Json) -> float:
    """Return the value of a pair of time and text. Raises ValueError, TypeError, IndexError."""
    if not isinstance(pair, list):
        raise TypeError("no pair")
    return float(str(pair[1]))


def _excess(value: float, least: float | None, most: float | None) -> float:
    """Return by how much a value is outside of its limits; negative inside."""
    below = -math.inf if least is None else least - value
    above = -math.inf if most is None else value - most
    return max(below, above)


def _limits(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        return f"at most {most:g}" if most is not None else f"at least {least:g}"
    return f"from {least:g} to {most:g}"
