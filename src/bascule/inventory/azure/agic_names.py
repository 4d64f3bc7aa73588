"""Which names on a gateway are AGIC's: as it builds them, with any prefix that it was given."""

import re
from collections.abc import Iterable

_AGIC = re.compile(
    r"pool-.+-bp-\d+$"
    r"|(?:fl|rr|url)-[0-9a-f]{32}$"
    r"|defaultaddresspool$"
    r"|defaulthttpsetting$"
    r"|pool-.{0,42}-[0-9a-f]{32}$"  # cut to 80 characters, with a digest at the end
)


def is_agic_name(name: str) -> bool:
    """Return whether AGIC would name a pool, listener or rule like this."""
    return _AGIC.search(name) is not None


def split_names(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names of AGIC's, and the others, both in order."""
    ordered = sorted(names)
    agic = tuple(name for name in ordered if is_agic_name(name))
    return agic, tuple(name for name in ordered if not is_agic_name(name))
