"""Checks on versions: green's is offered in its region, and is no older than blue's."""

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AksFacts, AzureFacts, OfferedVersion, Versions
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding
from bascule.checks.text import render_names

OFFICIAL = "KubernetesOfficial"
"""The plan without which a version is for long-term support only."""


def check_offered(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return why green cannot be made with its version; a cluster that exists has it already."""
    green, offered = facts.green, facts.versions
    if isinstance(green, Unreadable) or isinstance(offered, Unreadable) or green.exists:
        return ()
    found = _find(green.version, offered)
    if found is None:
        return (_not_offered(green, offered),)
    if found.is_preview:
        return (_limited(green, "is only offered as a preview", "take one that is not"),)
    if found.plans and OFFICIAL not in found.plans:
        said = "is only offered with long-term support"
        return (_limited(green, said, "take a newer one, or the premium tier"),)
    return ()


def check_order(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for a green that is older than blue."""
    blue, green = facts.blue, facts.green
    if isinstance(blue, Unreadable) or isinstance(green, Unreadable):
        return ()
    if not _is_older(green.version, blue.version):
        return ()
    return (
        blocker(
            "GreenOlder",
            "green",
            message=f"green would have {green.version}, which is older than blue's {blue.version}",
            remedy="choose a version that is not older than blue's",
        ),
    )


def check_way_back(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a warning when blue, once deleted, could not be made again with its version."""
    blue, offered = facts.blue, facts.versions
    if isinstance(blue, Unreadable) or isinstance(offered, Unreadable):
        return ()
    if _find(minor_of(blue.version), offered) is not None:
        return ()
    return (
        warning(
            "BlueVersionGone",
            "blue",
            message=f"{blue.location} does not offer blue's version {blue.version} any more:"
            " once deleted, this cluster cannot be made again",
            remedy="keep blue, stopped, until green has proven itself",
        ),
    )


def minor_of(version: str) -> str:
    """Return `1.33` of `1.33.5`."""
    return ".".join(version.split(".")[:2])


def _find(version: str, offered: Versions) -> OfferedVersion | None:
    minor = next((each for each in offered if each.minor == minor_of(version)), None)
    if minor is None or version == minor.minor or version in minor.patches:
        return minor
    return None


def _is_older(green: str, blue: str) -> bool:
    """Compare as far as both are told: `1.33` is not older than `1.33.5`."""
    ours, theirs = _numbers(green), _numbers(blue)
    length = min(len(ours), len(theirs))
    return ours[:length] < theirs[:length]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _not_offered(green: AksFacts, offered: Versions) -> Finding:
    usable = [each for each in offered if not each.is_preview]
    patches = [patch for each in usable for patch in each.patches or (each.minor,)]
    newest_first = sorted(patches, key=_numbers, reverse=True)
    has = f"it has {render_names(newest_first, 'versions')}" if patches else "it has none"
    return blocker(
        "VersionNotOffered",
        "green",
        message=f"{green.location} does not offer {green.version or 'a version that is not named'}"
        f" for green: {has}",
        remedy="choose one of those",
    )


def _limited(green: AksFacts, what: str, remedy: str) -> Finding:
    return warning(
        "VersionLimited",
        "green",
        message=f"{green.version} {what} in {green.location}",
        remedy=remedy,
    )
