from datetime import UTC, datetime, timedelta
from pathlib import Path

from bascule.app.gateways.rehearsals import (
    FILE,
    KEPT_MAX,
    Rehearsal,
    keep_rehearsal,
    load_rehearsals,
    measure_rehearsals,
)
from bascule.app.state_dir import StateDir

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


def rehearsal(took_s: float, hours: int = 0) -> Rehearsal:
    return Rehearsal(at=AT + timedelta(hours=hours), took_s=took_s)


def test_what_is_kept_is_read_again_for_its_owner_alone(tmp_path: Path) -> None:
    place = StateDir(tmp_path)

    keep_rehearsal(place, rehearsal(8.5))
    keep_rehearsal(place, rehearsal(9.0, 1))

    assert load_rehearsals(place) == (rehearsal(8.5), rehearsal(9.0, 1))
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    place = StateDir(tmp_path)

    for number in range(KEPT_MAX + 2):
        keep_rehearsal(place, rehearsal(number))

    assert [each.took_s for each in load_rehearsals(place)] == [*map(float, range(2, 22))]


def test_a_file_that_is_no_list_of_them_counts_as_none(tmp_path: Path) -> None:
    for text in ("", "{}", '{"rehearsals": [{"at": "2026-01-01", "took_s": "x"}]}'):
        (tmp_path / FILE).write_text(text)

        assert load_rehearsals(StateDir(tmp_path)) == ()


def test_a_plan_is_told_the_middle_and_the_slow_of_what_was_measured() -> None:
    found = measure_rehearsals(tuple(rehearsal(10.0 + n, 24 * n) for n in range(10)))

    assert found is not None
    assert (found.median_s, found.p90_s) == (14.0, 18.0)
    assert found.source == "of 10 rehearsals on this gateway, the last on 2026-12-02"
    assert measure_rehearsals(()) is None


def test_an_update_that_took_place_is_no_crash_because_it_cannot_be_remembered(
    tmp_path: Path,
) -> None:
    keep_rehearsal(StateDir(tmp_path / "gone"), rehearsal(8.5))

    assert load_rehearsals(StateDir(tmp_path / "gone")) == ()
