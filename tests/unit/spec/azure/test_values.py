from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bascule.spec.azure.values import (
    ArmId,
    Cloud,
    GroupName,
    Location,
    Name,
    Range,
    Tags,
    Version,
    check_range,
)


def _error(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return str(caught.value.errors()[0]["msg"])


def test_a_range_is_written_in_one_way() -> None:
    assert check_range("10.1.0.0/255.255.0.0") == "10.1.0.0/16"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.1.2.3/16", "has bits after its prefix"),
        ("10.1.0.0/99", "is not a range of addresses such as 10.1.0.0/16"),
        ("here", "is not a range such as 10.1.0.0/16"),
    ],
)
def test_what_is_no_range_is_told(text: str, said: str) -> None:
    assert said in _error(Range, text)


def test_an_id_names_a_resource() -> None:
    text = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/x/y"

    assert TypeAdapter(ArmId).validate_python(f"{text}/") == text
    assert "is not the id of a resource" in _error(ArmId, "y")


def test_a_cloud_is_named_or_has_an_address() -> None:
    adapter = TypeAdapter(Cloud)

    assert adapter.validate_python("AzureChinaCloud") == "AzureChinaCloud"
    assert adapter.validate_python("https://localhost:8443/") == "https://localhost:8443"
    assert "is none of AzureCloud" in _error(Cloud, "Mars")


def test_a_location_is_taken_as_people_write_it() -> None:
    assert TypeAdapter(Location).validate_python("China North 2") == "chinanorth2"
    assert "valid string" in _error(Location, 2)


def test_a_version_stands_in_quotes() -> None:
    assert TypeAdapter(Version).validate_python("1.34.2") == "1.34.2"
    assert "write it in quotes" in _error(Version, 1.3)
    assert "is not a version" in _error(Version, "2.0")


def test_the_tag_of_the_maker_is_nobody_elses() -> None:
    adapter = TypeAdapter(Tags)

    assert adapter.validate_python({"team": "shop"}) == {"team": "shop"}
    assert "is set by Bascule itself" in _error(Tags, {"Bascule-Platform": "x"})


@pytest.mark.parametrize(
    ("kind", "longest", "wrong"),
    [
        (GroupName, "-" + "g" * 88 + ")", ["g" * 91, "group.", "", "gro up"]),
        (Name, "n" * 40 + "." * 39 + "_", ["n" * 81, "name.", "-name", "", "na me"]),
    ],
    ids=["a group", "a resource"],
)
def test_a_name_is_as_azure_takes_it(kind: Any, longest: str, wrong: list[str]) -> None:
    adapter = TypeAdapter[str](kind)

    assert [adapter.validate_python(name) for name in ("a", longest)] == ["a", longest]
    assert [name for name in wrong if not _error(kind, name)] == []
