"""Host names of listeners: whom a request is for, and which certificate it is shown."""

import re
from collections.abc import Iterable

from bascule.lab.arm.dataplane.translate.gateway import Child, Json


def host_names(listener: Child) -> tuple[str, ...]:
    """Return what a listener is for, in lower case; nothing for a basic one, which takes all."""
    names = (*listener.items("hostNames"), listener.text("hostName"))
    return tuple(dict.fromkeys(name.lower() for name in names if name))


def exactness(listener: Child) -> int:
    """Rank listeners of the same priority: exact names before wildcards before basic ones."""
    names = host_names(listener)
    if not names:
        return 2
    return int(any("*" in name or "?" in name for name in names))


def match_hosts(names: Iterable[str]) -> list[Json]:
    """Return Envoy's condition on the host: whatever its case and port; none for no names."""
    patterns = [_pattern(name) for name in names]
    if not patterns:
        return []
    regex = f"(?i)(?:{'|'.join(patterns)})(?::[0-9]+)?"
    return [{"name": ":authority", "string_match": {"safe_regex": {"regex": regex}}}]


def server_names(names: Iterable[str]) -> list[str]:
    """Return those names that a TLS client can be told apart by: exact, or `*.` in front."""
    return [name for name in names if "?" not in name and "*" not in name.removeprefix("*.")]


def _pattern(name: str) -> str:
    return re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
