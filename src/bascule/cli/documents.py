"""How the parts of a JSON document are read for people; what is null is not known."""

from collections.abc import Mapping

from bascule.journal.record import Json

UNKNOWN = "not known"
HOSTS_SHOWN_MAX = 3
"""How many hosts with weights of their own a line names; it counts the others."""


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
    """Return a split as `blue 90 %, green 10 %`, and what green gets of hosts that differ."""
    split = read_map(value)
    default = read_map(split.get("default"))
    if not default:
        return UNKNOWN
    blue, green = (say_percent(default.get(f"{c}_bp")) for c in ("blue", "green"))
    hosts = read_map(split.get("by_host"))
    shares = [
        f"{host}: green {say_percent(read_map(weights).get('green_bp'))}"
        for host, weights in list(hosts.items())[:HOSTS_SHOWN_MAX]
    ]
    more = len(hosts) - HOSTS_SHOWN_MAX
    shares += [f"{more} more hosts"] if more > 0 else []
    return f"blue {blue}, green {green}" + (f" ({', '.join(shares)})" if shares else "")


def say_moment(value: Json) -> str:
    """Return an ISO time as `2026-11-23 04:05:06 UTC`."""
    text = str(value or "")
    return f"{text[:10]} {text[11:19]} UTC" if len(text) >= 19 else UNKNOWN
