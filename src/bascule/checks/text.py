"""How findings name many things: the first few, and how many more there are."""

from collections.abc import Sequence

NAMED_MAX = 3
"""How many things a message names before it only counts."""


def render_names(names: Sequence[str], what: str) -> str:
    """Return `a, b, c and 7 more routes`; `what` is the plural."""
    shown = ", ".join(names[:NAMED_MAX])
    more = len(names) - NAMED_MAX
    return f"{shown} and {more} more {what}" if more > 0 else shown


def render_count(count: int, what: str) -> str:
    """Return `1 route`, `2 routes`; `what` is the singular."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
