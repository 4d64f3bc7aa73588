"""From a region's offers to what checks look at: versions, sizes, quotas. Pure."""

from collections.abc import Iterable

from bascule.azure.document import (
    Document,
    list_at,
    number_at,
    object_at,
    text_at,
    texts_at,
    truth_at,
)
from bascule.checks.azure.facts import OfferedVersion, SizeFacts, Usage

MACHINES = "virtualmachines"


def read_versions(documents: Iterable[Document]) -> tuple[OfferedVersion, ...]:
    """Return the minor versions that AKS offers, with their patches."""
    return tuple(
        OfferedVersion(
            minor=text_at(each, "version"),
            patches=tuple(object_at(each, "patchVersions")),
            is_preview=truth_at(each, "isPreview") is True,
            plans=texts_at(each, "capabilities", "supportPlan"),
        )
        for each in documents
    )


def read_usages(documents: Iterable[Document]) -> tuple[Usage, ...]:
    """Return the quotas that Azure tells."""
    return tuple(
        Usage(
            name=text_at(each, "name", "value"),
            used=number_at(each, "currentValue") or 0,
            limit=number_at(each, "limit") or 0,
        )
        for each in documents
    )


def read_sizes(documents: Iterable[Document], location: str) -> dict[str, SizeFacts]:
    """Return the sizes of machines that are to be had in a region, by name in lower case."""
    return {
        text_at(each, "name").lower(): _size(each, location.lower())
        for each in documents
        if text_at(each, "resourceType").lower() == MACHINES
        and location.lower() in {name.lower() for name in texts_at(each, "locations")}
    }


def _size(document: Document, location: str) -> SizeFacts:
    places = [
        each
        for each in list_at(document, "locationInfo")
        if text_at(each, "location").lower() == location
    ]
    restrictions = list_at(document, "restrictions")
    whole = [each for each in restrictions if text_at(each, "type").lower() == "location"]
    zoned = [each for each in restrictions if text_at(each, "type").lower() == "zone"]
    return SizeFacts(
        family=text_at(document, "family"),
        vcpus=_vcpus(document),
        zones=tuple(sorted({zone for each in places for zone in texts_at(each, "zones")})),
        refused_zones=tuple(
            sorted({zone for each in zoned for zone in texts_at(each, "restrictionInfo", "zones")})
        ),
        refusal=next((text_at(each, "reasonCode") or "it is restricted" for each in whole), ""),
    )


def _vcpus(document: Document) -> int:
    told = {
        text_at(each, "name"): text_at(each, "value") for each in list_at(document, "capabilities")
    }
    text = told.get("vCPUs", "")
    return int(text) if text.isdecimal() else 0
