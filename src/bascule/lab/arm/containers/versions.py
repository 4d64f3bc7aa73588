"""Which Kubernetes versions the lab's AKS offers, and which may follow which. Pure.

The calendar stands still at summer 2026: 1.36 is the newest, the default is one minor behind it,
three minors are supported, three more for long-term support only.
"""

from dataclasses import dataclass
from typing import Any, Final

OFFICIAL: Final = "KubernetesOfficial"
LONG_TERM: Final = "AKSLongTermSupport"
POOL_SKEW_MAX: Final = 3
"""How many minors the control plane may be ahead of a node pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One minor release; the last patch is the newest."""

    minor: int
    patches: tuple[int, ...]
    plans: tuple[str, ...] = (OFFICIAL, LONG_TERM)
    is_default: bool = False
    is_preview: bool = False

    @property
    def name(self) -> str:
        """Return `1.35`."""
        return f"1.{self.minor}"

    def versions(self) -> tuple[str, ...]:
        """Return the full versions, the newest last."""
        return tuple(f"{self.name}.{patch}" for patch in self.patches)


OFFERS: Final = (
    Offer(minor=31, patches=(11, 13), plans=(LONG_TERM,)),
    Offer(minor=32, patches=(9, 11), plans=(LONG_TERM,)),
    Offer(minor=33, patches=(5, 8), plans=(LONG_TERM,)),
    Offer(minor=34, patches=(4, 6)),
    Offer(minor=35, patches=(1, 3), is_default=True),
    Offer(minor=36, patches=(0, 1)),
    Offer(minor=37, patches=(0,), plans=(OFFICIAL,), is_preview=True),
)
DEFAULT: Final = next(offer for offer in OFFERS if offer.is_default)


def minor_of(version: str) -> int:
    """Return 35 of `1.35`, `1.35.3`; -1 of what is no such version."""
    parts = version.split(".")
    return int(parts[1]) if len(parts) in {2, 3} and parts[1].isdigit() else -1


def resolve(version: str, plan: str = OFFICIAL) -> str | None:
    """Return the full version that is meant: of a minor the newest patch; None if not offered."""
    if not version:
        return DEFAULT.versions()[-1]
    offer = _offer(version)
    if offer is None or plan not in offer.plans:
        return None
    if version == offer.name:
        return offer.versions()[-1]
    return version if version in offer.versions() else None


def upgrades_of(current: str) -> tuple[str, ...]:
    """Return what a cluster with this version may be upgraded to: no minor may be skipped."""
    minor = minor_of(current)
    return tuple(
        version
        for offer in OFFERS
        if offer.minor in {minor, minor + 1} and not offer.is_preview
        for version in offer.versions()
        if _key(version) > _key(current)
    )


def is_alias_of(version: str, current: str) -> bool:
    """Say whether a wanted version is what there is already: the same, its minor, or empty."""
    return version in {"", current, f"1.{minor_of(current)}"}


def is_older(version: str, current: str) -> bool:
    """Say whether a version is older than another, as far as both are told."""
    ours, theirs = _key(version), _key(current)
    length = min(len(ours), len(theirs))
    return ours[:length] < theirs[:length]


def render_versions() -> dict[str, Any]:
    """Return the answer of `locations/L/kubernetesVersions`."""
    return {"values": [_render(offer) for offer in reversed(OFFERS)]}


def _render(offer: Offer) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "version": offer.name,
        "capabilities": {"supportPlan": list(offer.plans)},
        "patchVersions": {
            version: {"upgrades": list(upgrades_of(version))} for version in offer.versions()
        },
    }
    if offer.is_default:
        shown["isDefault"] = True
    if offer.is_preview:
        shown["isPreview"] = True
    return shown


def _offer(version: str) -> Offer | None:
    minor = minor_of(version)
    return next((offer for offer in OFFERS if offer.minor == minor), None)


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
