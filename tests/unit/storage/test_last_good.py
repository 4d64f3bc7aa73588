import hashlib
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.routing.certificates import Certificate
from bascule.routing.model import CheckKind, HealthCheck, RoutingTable
from bascule.routing.weights import Weights
from bascule.storage import last_good
from bascule.storage.last_good import LastGood, LastGoodFile, NoLastGood
from tests.support.tables import backend, host, route, route_set, store, table

CERTIFICATE = Certificate(b"chain", b"key")


def _table() -> RoutingTable:
    check = HealthCheck(kind=CheckKind.LIVENESS, port=9000, path="/well", is_https=True)
    probed = replace(backend(Cluster.BLUE, "web", 1001, 1002), probe=check)
    both = route(probed, backend(Cluster.GREEN, "web", 2001))
    extended = replace(both, extensions=MappingProxyType({"bascule.dev/x": "y", "a": "b"}))
    routes = route_set(
        [host("a.example.com", extended, certificate=CERTIFICATE), host("b.example.com", both)]
    )
    stale = replace(routes, stale=frozenset({Cluster.GREEN}))
    return table(stale, Weights(9_500), {"a.example.com": Weights(1)})


def test_what_was_stored_is_loaded_equal_down_to_its_digest(tmp_path: Path) -> None:
    file = LastGoodFile(tmp_path / "last_good")
    stored = _table()

    file.store(stored, store(CERTIFICATE))
    found = file.load()

    assert isinstance(found, LastGood)
    assert found.table == stored
    assert found.table.digest == stored.digest
    assert found.table.routes.stale == stored.routes.stale
    assert found.certificates == store(CERTIFICATE)


def test_an_arrangement_is_kept_with_its_table(tmp_path: Path) -> None:
    file = LastGoodFile(tmp_path / "last_good")
    arrangement = Arrangement(
        preview=Preview(header="x-p", hosts={"next.example.com": "a.example.com"}),
        mirror=Mirror(share_bp=100),
        affinity=Affinity(name="user"),
    )
    stored = replace(_table(), arrangement=arrangement)

    file.store(stored, store(CERTIFICATE))
    found = file.load()

    assert isinstance(found, LastGood)
    assert found.table == stored
    assert found.table.digest == stored.digest


def test_a_file_of_a_version_that_knew_no_arrangement_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "last_good"
    LastGoodFile(path).store(_table(), store(CERTIFICATE))
    offset = len(last_good.MAGIC) + last_good.DIGEST_BYTES
    former = msgspec.msgpack.decode(path.read_bytes()[offset:])
    del former["table"]["arrangement"]
    for item in former["table"]["routes"]["hosts"]:
        if item["certificate"] is not None:
            del item["certificate"]["names"]
    body = msgspec.msgpack.encode(former)
    path.write_bytes(last_good.MAGIC + hashlib.sha256(body).digest() + body)

    found = LastGoodFile(path).load()

    assert isinstance(found, LastGood)
    assert found.table == _table()


def test_the_file_is_replaced_whole_and_readable_by_its_user_alone(tmp_path: Path) -> None:
    file = LastGoodFile(tmp_path / "last_good")

    for _ in range(2):
        file.store(_table(), store(CERTIFICATE))

    assert [path.name for path in tmp_path.iterdir()] == ["last_good"]
    assert stat.S_IMODE((tmp_path / "last_good").stat().st_mode) == 0o600


def test_without_a_file_there_is_none_and_it_says_so(tmp_path: Path) -> None:
    assert LastGoodFile(tmp_path / "last_good").load() == NoLastGood(
        "nothing has been acknowledged yet"
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: data[:-1], "checksum"),
        (lambda data: data[:60] + b"\0" + data[61:], "checksum"),
        (lambda _: b"", "another version"),
        (lambda _: b"bascule last_good 9\n" + bytes(40), "another version"),
    ],
    ids=["cut short", "one byte", "empty", "version"],
)
def test_a_damaged_file_is_ignored_with_the_reason(
    tmp_path: Path,
    spoil: Callable[[bytes], bytes],
    reason: str,
) -> None:
    path = tmp_path / "last_good"
    LastGoodFile(path).store(_table(), store(CERTIFICATE))
    path.write_bytes(spoil(path.read_bytes()))

    found = LastGoodFile(path).load()

    assert isinstance(found, NoLastGood)
    assert reason in found.reason


def test_a_file_that_another_shape_of_table_wrote_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "last_good"
    body = b"\x80"
    path.write_bytes(last_good.MAGIC + hashlib.sha256(body).digest() + body)

    found = LastGoodFile(path).load()

    assert isinstance(found, NoLastGood)
    assert "damaged" in found.reason


def test_a_disk_that_does_not_take_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be written"):
        LastGoodFile(tmp_path / "none" / "last_good").store(_table(), store(CERTIFICATE))
