"""Upgrades that Azure makes by itself: off on both clusters while there are two, noted on green.

The note is a tag of green, `bascule-after-retire`: what was on on blue. Whichever cluster is left
gets it back, unless somebody has switched something on meanwhile.
"""

from typing import Final

from bascule.azure.document import Document, object_at, text_at, with_value, without
from bascule.platform.desired.cluster import PAUSED

RETIRE_TAG: Final = "bascule-after-retire"
PROFILE: Final = ("properties", "autoUpgradeProfile")


def note_upgrades(profile: Document) -> str:
    """Return what is on, as the tag says it; empty for nothing."""
    is_off = all(_is_off(profile.get(key)) for key in PAUSED)
    pairs = (f"{key}={value}" for key, value in sorted(profile.items()) if value)
    return "" if is_off else ",".join(pairs)


def find_noted(cluster: Document, note: str = "") -> dict[str, str]:
    """Return what is to be on again on a cluster, by its own tag if no note is given.

    Nothing where nothing is noted, or where something is on already.
    """
    said = note or text_at(cluster, "tags", RETIRE_TAG)
    profile = object_at(cluster, *PROFILE)
    if not said or not all(_is_off(profile.get(key)) for key in PAUSED):
        return {}
    pairs = (pair.partition("=") for pair in said.split(","))
    return {key: value for key, _, value in pairs}


def resume_upgrades(cluster: Document, note: str = "") -> Document | None:
    """Return the cluster with what was noted on again, and no note; None if nothing is to do."""
    noted = find_noted(cluster, note)
    if not noted:
        return None
    changed = with_value(cluster, PROFILE, {**object_at(cluster, *PROFILE), **noted})
    return without(changed, ("tags", RETIRE_TAG))


def _is_off(value: object) -> bool:
    return str(value or "none").lower() == "none"
