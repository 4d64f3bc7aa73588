from datetime import UTC, datetime
from pathlib import Path

from bascule.app.state_dir import StateDir
from bascule.cli.gateway.break_glass import build_steps, render_steps
from bascule.ids import Cluster
from bascule.storage.lock import hold_lock

DOCUMENT = {"id": "/subscriptions/s/gateways/g", "etag": 'W/"1"'}


def test_the_steps_end_bascule_compare_write_and_look(tmp_path: Path) -> None:
    state = tmp_path / "a state"
    file = state / "break-glass-blue.json"

    steps = build_steps(DOCUMENT, file, StateDir(state))

    end, compare, write, look = (each.command for each in steps)
    url = "--url '/subscriptions/s/gateways/g?api-version=2025-07-01'"
    assert end == f"bascule stop --state '{state}'"
    assert compare == f"az rest --method get {url} --query etag --output tsv"
    assert write == (
        f"az rest --method put {url} --body @'{file}'"
        " --headers Content-Type=application/json 'If-Match=W/\"1\"'"
    )
    assert look.endswith("--query properties.provisioningState --output tsv")
    assert 'print W/"1"' in steps[1].what


def test_a_runtime_that_hangs_is_ended_by_its_process_id(tmp_path: Path) -> None:
    place = StateDir(tmp_path)

    with hold_lock(place.lock):
        end = build_steps(DOCUMENT, tmp_path / "file", place)[0]

    assert " || kill " in end.command


def test_people_can_paste_the_whole_text_into_a_shell(tmp_path: Path) -> None:
    steps = build_steps(DOCUMENT, tmp_path / "file", StateDir(tmp_path))

    lines = render_steps(steps, Cluster.BLUE, datetime(2026, 11, 23, tzinfo=UTC))

    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == [each.command for each in steps]
    assert "2026-11-23 00:00:00 UTC" in lines[0]
