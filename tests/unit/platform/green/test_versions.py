import pytest

from bascule.platform.green.versions import is_lower, is_same, parse_version


@pytest.mark.parametrize(
    ("wanted", "than", "expected"),
    [
        ("1.34", "1.35.2", True),
        ("1.35.1", "1.35.2", True),
        ("1.35", "1.35.2", False),
        ("1.37", "1.35.2", False),
        ("1.9", "1.10", True),
        ("", "1.35", False),
        ("1.35", "unknown", False),
    ],
)
def test_a_step_back_is_seen(wanted: str, than: str, *, expected: bool) -> None:
    assert is_lower(wanted, than) is expected


def test_a_minor_version_asks_for_any_of_its_patches() -> None:
    assert is_same("1.34", "1.34.2")
    assert is_same("1.34.2", "1.34.2")
    assert not is_same("1.3", "1.34.2")


def test_a_version_is_its_numbers() -> None:
    assert parse_version("v1.34.2") == (1, 34, 2)
