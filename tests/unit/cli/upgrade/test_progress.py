from dataclasses import replace

import pytest

from bascule.cli.rendering import Output
from bascule.cli.upgrade.progress import LiveProgress, PlainProgress, build_progress
from bascule.journal.record import Record
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.state import fold
from tests.support.orders import state_after
from tests.support.plans import approval, build_plan
from tests.support.run_records import completed_records, rolled_back_records
from tests.support.runs import NAME, after, begun, started, waits


def tell(records: list[Record]) -> list[str]:
    """Return the lines in which the progress of a whole upgrade is told."""
    lines: list[str] = []
    state = fold(records)
    assert state is not None
    assert state.upgrade is not None
    PlainProgress(lines.append, "").show(records, state.upgrade, state)
    return lines


def test_each_event_is_a_line_and_the_witness_is_left_to_the_report() -> None:
    lines = tell(completed_records())

    assert lines[-1].endswith("is completed")
    assert not [line for line in lines if "witness" in line]


def test_why_it_goes_back_is_written_once_and_then_referred_to() -> None:
    lines = tell(rolled_back_records())

    failed, began, over = lines[-3:]
    assert failed.endswith("soak failed: 3 of 7 requests failed on green")
    assert began.endswith("up rolls back by itself: soak: as said above")
    assert over.endswith("up is rolled back: soak: as said above")


def test_what_a_person_has_to_say_is_written_once() -> None:
    lines: list[str] = []
    plan = build_plan([approval("go", Stage.PREFLIGHT)])
    run = after(begun(plan), started("go-approval"), waits("go-approval"))
    state = replace(state_after(), upgrades=(run,))
    progress = PlainProgress(lines.append, " --gateway shop")

    progress.show([], run, state)
    progress.show([], run, state)

    command = f"bascule upgrade approve {NAME} --gate go --gateway shop"
    assert lines == [f"a person has to say yes: {command}"]


def test_a_picture_shows_the_status_and_the_last_events(capsys: pytest.CaptureFixture[str]) -> None:
    records = completed_records()
    state = fold(records)
    assert state is not None
    assert state.upgrade is not None

    progress = LiveProgress("")
    progress.note("no runtime works")
    progress.show(records, state.upgrade, state)
    progress.close()

    told = capsys.readouterr().out
    assert "stage    completed" in told
    assert "up is completed" in told
    assert "live " not in told


def test_where_the_result_is_json_progress_goes_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    build_progress(Output.JSON, "").note("it goes")

    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "it goes\n")
