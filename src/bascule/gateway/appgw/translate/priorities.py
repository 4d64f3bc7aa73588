"""Priorities of rules: exact hosts before wildcards before any host, and each its own.

A rule's place comes from a digest of its name, so that a new host moves another one only where
both would have the same place.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from bascule.errors import InvariantError

PRIORITY_MAX = 20_000
EXACT = range(1_000, 13_000)
WILDCARDS = range(13_000, 19_000)
ANY = range(19_000, 20_000)
_BAND = 1_000
_LABELS_MIN = 2
"""Of a wildcard: `*.com`."""


def band_of(names: Iterable[str]) -> range:
    """Return where the priorities of a listener with these names are: wildcards by their length."""
    widest = min((_labels(name) for name in names if "*" in name), default=0)
    if not widest:
        return EXACT
    if widest < _LABELS_MIN:
        return ANY
    bands = len(WILDCARDS) // _BAND
    index = max(0, bands - 1 - (widest - _LABELS_MIN))
    return WILDCARDS[index * _BAND : (index + 1) * _BAND]


def choose_priorities(
    rules: Mapping[str, range], wanted: Mapping[str, int], taken: Collection[int]
) -> dict[str, int]:
    """Return a priority for each rule by name; `wanted` ones must be free and differ."""
    found = dict(wanted)
    used = {*taken, *wanted.values()}
    for name, band in rules.items():
        if name in wanted:
            continue
        found[name] = _free(name, band, used)
        used.add(found[name])
    return found


def _free(name: str, band: range, used: Collection[int]) -> int:
    digest = hashlib.sha256(name.encode()).digest()
    first = int.from_bytes(digest[:4], "big") % len(band)
    for number in chain(band[first:], band[:first], range(band.stop, PRIORITY_MAX + 1)):
        if number not in used:
            return number
    raise InvariantError(f"there is no priority left for rule {name}")


def _labels(name: str) -> int:
    return len(name.split("."))
