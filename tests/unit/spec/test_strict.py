from pathlib import Path

import pytest
from pydantic import ValidationError

from bascule.spec.strict import Address, FilePath, Strict, resolve_path


class _Shop(Strict):
    front_door: Address = "127.0.0.1"
    key: FilePath = Path("key")


def test_keys_are_camel_case_and_addresses_are_written_one_way() -> None:
    assert _Shop.model_validate({"frontDoor": "0:0::1"}).front_door == "::1"


def test_paths_count_from_the_folder_that_is_the_context() -> None:
    shop = _Shop.model_validate({"key": "a"}, context=Path("/etc/shop"))

    assert shop.key == Path("/etc/shop/a")
    assert _Shop.model_validate({"key": "a"}).key == Path("a")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frontDoor": "shop"}, "'shop' is not an IPv4 or IPv6 address"),
        ({"surprise": 1}, "Extra inputs are not permitted"),
    ],
)
def test_unknown_keys_and_odd_values_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _Shop.model_validate(change)


def test_a_model_cannot_be_changed() -> None:
    shop = _Shop()

    with pytest.raises(ValidationError, match="frozen"):
        shop.key = Path("b")  # type: ignore[misc]  # this is what is tested


def test_a_path_counts_from_the_folder_of_its_file() -> None:
    assert resolve_path(Path("a/b"), Path("/etc/shop")) == Path("/etc/shop/a/b")
    assert resolve_path(Path("/a"), Path("/etc/shop")) == Path("/a")
    assert resolve_path(Path("~/a"), Path("/etc/shop")) == Path.home() / "a"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a\0b", "holds a NUL character"),
        ("~no-such-user/a", "nobody here is called 'no-such-user'"),
    ],
)
def test_what_can_be_no_path_is_refused(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve_path(Path(path), Path())
