import resource
from pathlib import Path

import pytest

from bascule.lab.kubeapi.store_log import CorruptStoreError, Entry, StoreLog


def entry(version: int) -> Entry:
    return Entry(
        version=version, resource="pods", namespace="shop", name="p", object={"v": version}
    )


def opened(directory: Path) -> StoreLog:
    log = StoreLog(directory)
    list(log.replay())
    log.open()
    return log


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for version in (1, 2):
        log.append(entry(version))
    log.close()

    assert [found.version for found in StoreLog(tmp_path).replay()] == [1, 2]


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_torn_last_line_is_dropped_and_writing_goes_on(tmp_path: Path, cut: int) -> None:
    log = opened(tmp_path)
    for version in (1, 2):
        log.append(entry(version))
    log.close()
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])

    again = opened(tmp_path)
    again.append(entry(3))
    again.close()

    assert [found.version for found in StoreLog(tmp_path).replay()] == [1, 3]


def test_a_change_that_does_not_fit_on_the_disk_is_refused_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    log = opened(tmp_path)
    log.append(entry(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "log.jsonl").stat().st_size + 9, hard))
    try:
        with pytest.raises(OSError, match="could not be written whole"):
            log.append(entry(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.append(entry(3))
    log.close()

    assert [found.version for found in StoreLog(tmp_path).replay()] == [1, 3]


def test_a_broken_line_in_the_middle_is_corruption(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(entry(1))
    log.close()
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"{broken\n" + path.read_bytes())

    with pytest.raises(CorruptStoreError):
        list(StoreLog(tmp_path).replay())


def test_what_the_snapshot_holds_is_not_replayed_again(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(entry(1))
    old_log = (tmp_path / "log.jsonl").read_bytes()
    log.fold([entry(1), Entry(version=1, resource="", namespace="", name="")])
    log.append(entry(2))
    log.close()
    # As if the process had died between the snapshot and the emptying of the log.
    path = tmp_path / "log.jsonl"
    path.write_bytes(old_log + path.read_bytes())

    assert [found.version for found in StoreLog(tmp_path).replay()] == [1, 1, 2]


def test_a_draft_of_a_snapshot_counts_for_nothing(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(entry(1))
    log.close()
    (tmp_path / "snapshot.new").write_bytes(b"{half")

    assert [found.version for found in StoreLog(tmp_path).replay()] == [1]
