"""Answers of Azure Monitor about a gateway, as short as tests need them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]
Points = Mapping[float, float]
"""Values by the beginning of their minutes, in seconds since 1970."""

MINUTE_S = 60.0


def metric(name: str, *series: Document, error: str = "Success") -> Document:
    """Return one metric with its series."""
    return {"name": {"value": name}, "timeseries": list(series), "errorCode": error}


def series(
    labels: Mapping[str, str], points: Points, starts: Sequence[float], *, kind: str = "total"
) -> Document:
    """Return one series; a minute without a value is in it all the same."""
    return {
        "metadatavalues": [
            {"name": {"value": name}, "value": value} for name, value in labels.items()
        ],
        "data": [
            {"timeStamp": stamp(start), **({kind: points[start]} if start in points else {})}
            for start in starts
        ],
    }


def stamp(seconds: float) -> str:
    """Return a time as Azure writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
