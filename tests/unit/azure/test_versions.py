"""One table says in which version a type is read and written."""

import re

import pytest

from bascule.azure.versions import API_VERSIONS, api_version, older_version
from bascule.errors import InvariantError


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("Microsoft.Network/virtualNetworks/subnets", "microsoft.network"),
        ("Microsoft.Network/privateDnsZones/A", "microsoft.network/privatednszones"),
        ("microsoft.resources/SUBSCRIPTIONS", "microsoft.resources/subscriptions"),
        ("Microsoft.Resources/resourceGroups", "microsoft.resources"),
    ],
)
def test_the_longest_entry_counts(kind: str, entry: str) -> None:
    assert api_version(kind) == API_VERSIONS[entry]


def test_a_type_without_an_entry_is_our_mistake() -> None:
    with pytest.raises(InvariantError, match="add it to the table"):
        api_version("Microsoft.Unheard/of")


def test_every_entry_is_lower_case_and_a_released_version() -> None:
    assert [key for key in API_VERSIONS if key != key.lower()] == []
    odd = {kind for kind, v in API_VERSIONS.items() if not re.fullmatch(r"\d{4}-\d\d-\d\d", v)}
    assert odd == {"microsoft.insights/diagnosticsettings"}, "of these Azure has previews alone"


def test_the_newest_released_version_that_is_offered_is_taken() -> None:
    offered = ["2024-01-01", "2025-01-01", "2025-06-01-preview", "2026-01-01"]

    assert older_version("2025-07-01", offered) == "2025-01-01"
    assert older_version("2023-01-01", offered) == ""
    assert older_version("2025-01-01", offered) == "2024-01-01"
