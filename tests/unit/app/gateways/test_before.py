import json
from pathlib import Path

import pytest

from bascule.app.gateways.before import keep_before, put_aside
from bascule.errors import UsageError

GATEWAY = {
    "id": "/subscriptions/S/gw",
    "tags": {"note": "password=hunter2 stays here"},
    "properties": {"sslCertificates": [{"name": "c", "properties": {"data": "SECRET", "x": 1}}]},
}
LATER = {**GATEWAY, "id": "/subscriptions/s/GW", "tags": {}}
OTHER = {**GATEWAY, "id": "/subscriptions/S/other"}


def test_what_was_there_is_kept_exactly_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "gateway-before.json"

    keep_before(GATEWAY, file)

    assert json.loads(file.read_text()) == GATEWAY
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_record_has_the_document_without_what_is_secret(tmp_path: Path) -> None:
    kept = keep_before(GATEWAY, tmp_path / "gateway-before.json")

    assert kept.gateway == "/subscriptions/s/gw"
    assert kept.document["properties"] == {
        "sslCertificates": [{"name": "c", "properties": {"x": 1}}]
    }
    assert "hunter2" not in str(kept.document)


def test_what_was_kept_once_is_never_replaced_by_what_we_have_written(tmp_path: Path) -> None:
    file = tmp_path / "gateway-before.json"
    first = keep_before(GATEWAY, file)

    assert keep_before(LATER, file) == first
    assert json.loads(file.read_text()) == GATEWAY


def test_another_gateway_is_kept_beside_the_first(tmp_path: Path) -> None:
    file = tmp_path / "gateway-before.json"
    first = keep_before(GATEWAY, file)

    second = keep_before(OTHER, file)

    assert second.gateway == "/subscriptions/s/other"
    assert json.loads(file.read_text()) == OTHER
    aside = file.with_name(f"gateway-before-{first.digest[:12]}.json")
    assert json.loads(aside.read_text()) == GATEWAY


def test_without_room_for_it_nothing_begins(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="was not touched"):
        keep_before(GATEWAY, tmp_path / "nowhere" / "gateway-before.json")


@pytest.mark.parametrize("content", ["", '{"id": "/subscriptions/S/g', "[1]", "\x00\xff"])
def test_a_kept_file_that_cannot_be_read_is_put_aside_and_never_lost(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "gateway-before.json"
    file.write_text(content)

    kept = keep_before(GATEWAY, file)

    assert kept.gateway == "/subscriptions/s/gw"
    assert json.loads(file.read_text()) == GATEWAY
    (aside,) = (each for each in tmp_path.iterdir() if each != file)
    assert aside.name.startswith("gateway-before-")
    assert aside.read_text() == content


def test_a_kept_file_that_is_not_there_for_us_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "gateway-before.json"
    file.mkdir()

    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        keep_before(GATEWAY, file)

    assert [*tmp_path.iterdir()] == [file]


def test_what_is_put_aside_is_found_under_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "gateway-adopted.json"
    file.write_bytes(b"half a docu")

    put_aside(file)
    put_aside(file)

    (aside,) = tmp_path.iterdir()
    assert aside.read_bytes() == b"half a docu"
