"""How the parts of a JSON document are read for people; what is null is not known."""

from collections.abc import Mapping

from bascule.journal.record import Json

UNKNOWN = "not known"


def read_map(value: Json) -> Mapping[str, Json]:
    """Return an object, empty where there is none."""
    return value if isinstance(value, dict) else {}


def read_items(value: Json) -> list[Json]:
    """Return a list, empty where there is none."""
    return value if isinstance(value, list) else []


def say(value: Json) -> str:
    """Return a value as text."""
    return UNKNOWN if value is None else str(value)


def say_percent(value: Json) -> str:
    """Return hundredths of a percent as `12.5 %`."""
    from bascule.routing.weights import render_percent

    return render_percent(value) if isinstance(value, int) else UNKNOWN


def say_split(value: Json) -> str:
    """Return the default weights of a split as `blue 90 %, green 10 %`, and how many differ."""
    split = read_map(value)
    default = read_map(split.get("default"))
    if not default:
        return UNKNOWN
    blue, green = (say_percent(default.get(f"{c}_bp")) for c in ("blue", "green"))
    hosts = len(read_map(split.get("by_host")))
    also = f" ({hosts} host(s) with weights of their own)" if hosts else ""
    return f"blue {blue}, green {green}{also}"


def say_moment(value: Json) -> str:
    """Return an ISO time as `2026-11-23 04:05:06 UTC`."""
    text = str(value or "")
    return f"{text[:10]} {text[11:19]} UTC" if len(text) >= 19 else UNKNOWN
