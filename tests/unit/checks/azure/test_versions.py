from dataclasses import replace

import pytest

from bascule.checks.azure.facts import AzureFacts, OfferedVersion
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.azure.versions import check_offered, check_order, check_way_back, minor_of
from bascule.checks.findings import Severity
from tests.support.azure_facts import blue, facts, green, made_green

UNREADABLE = Unreadable(what="it", reason="forbidden")


def with_green(version: str) -> AzureFacts:
    return replace(facts(), green=replace(green(), version=version))


@pytest.mark.parametrize("version", ["1.34", "1.34.1", "1.33.5"])
def test_a_version_that_is_offered_is_fine(version: str) -> None:
    assert check_offered(with_green(version)) == ()


@pytest.mark.parametrize("version", ["1.35", "1.34.9", ""])
def test_a_version_that_is_not_offered_is_a_blocker_that_names_what_is(version: str) -> None:
    (found,) = check_offered(with_green(version))

    assert (found.severity, found.code) == (Severity.BLOCKER, "VersionNotOffered")
    assert "it has 1.34.1, 1.33.5, 1.33.4" in found.message


def test_a_region_without_versions_says_so() -> None:
    (found,) = check_offered(replace(facts(), versions=()))

    assert found.message.endswith("it has none")


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (OfferedVersion(minor="1.34", is_preview=True), "only offered as a preview"),
        (OfferedVersion(minor="1.34", plans=("AKSLongTermSupport",)), "long-term support"),
    ],
)
def test_a_version_that_is_offered_in_part_is_a_warning(offered: OfferedVersion, said: str) -> None:
    (found,) = check_offered(replace(facts(), versions=(offered,)))

    assert (found.severity, found.code) == (Severity.WARNING, "VersionLimited")
    assert said in found.message


def test_a_green_that_exists_has_its_version_already() -> None:
    made = replace(made_green(), version="1.99.9")

    assert check_offered(replace(facts(), green=made)) == ()


def test_what_cannot_be_read_is_not_compared() -> None:
    for part in ("blue", "green", "versions"):
        lacking = replace(facts(), **{part: UNREADABLE})  # type: ignore[arg-type]  # fields by name
        found = (*check_offered(lacking), *check_order(lacking), *check_way_back(lacking))
        assert found == ()


def test_an_older_green_is_a_blocker() -> None:
    (found,) = check_order(with_green("1.32"))

    assert (found.severity, found.code) == (Severity.BLOCKER, "GreenOlder")
    assert "1.32, which is older than blue's 1.33.5" in found.message


@pytest.mark.parametrize("version", ["1.33", "1.33.5", "1.34", "1.36.1", ""])
def test_a_green_that_is_not_older_is_fine_however_many_minors_it_skips(version: str) -> None:
    assert check_order(with_green(version)) == ()


def test_a_blue_that_could_not_be_made_again_is_a_warning() -> None:
    old = replace(facts(), blue=replace(blue(), version="1.30.9"))

    (found,) = check_way_back(old)

    assert (found.severity, found.code) == (Severity.WARNING, "BlueVersionGone")
    assert check_way_back(facts()) == ()


def test_a_minor_is_the_first_two_numbers() -> None:
    assert minor_of("1.33.5") == minor_of("1.33") == "1.33"
