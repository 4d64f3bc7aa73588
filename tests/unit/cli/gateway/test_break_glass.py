from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bascule.app.state_dir import StateDir
from bascule.cli.gateway.break_glass import Way, build_steps, render_way
from bascule.cli.main import main
from bascule.gateway.driver import UpdateTimes
from bascule.ids import Cluster
from bascule.storage.lock import hold_lock

WRITTEN_AT = datetime(2026, 11, 23, tzinfo=UTC)
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


def test_an_envoy_of_bascules_own_serves_until_the_gateway_leads_past_it(tmp_path: Path) -> None:
    steps = build_steps(DOCUMENT, tmp_path / "file", StateDir(tmp_path), is_past_envoys=True)

    assert steps[0].command == f"bascule stop --keep-envoy --state {tmp_path}"
    assert [each.command.split()[:4] for each in steps[1:4]] == [
        ["az", "rest", "--method", verb] for verb in ("get", "put", "get")
    ]
    assert steps[4].command == f"bascule stop --state {tmp_path}"


def way(directory: Path, **more: Any) -> Way:
    steps = build_steps(DOCUMENT, directory / "file", StateDir(directory))
    return Way(to=Cluster.BLUE, written_at=WRITTEN_AT, steps=steps, **more)


@pytest.mark.parametrize("is_past_envoys", [False, True], ids=["alone", "before Envoys"])
def test_people_can_paste_the_whole_text_into_a_shell(
    tmp_path: Path, *, is_past_envoys: bool
) -> None:
    found = way(tmp_path, is_past_envoys=is_past_envoys, left_out=("a.test: no certificate",))

    lines = render_way(found)

    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == [each.command for each in found.steps]
    assert "2026-11-23 00:00:00 UTC" in lines[0]
    assert ("past its Envoys" in lines[0]) is is_past_envoys


def test_what_it_does_not_serve_stands_before_the_commands(tmp_path: Path) -> None:
    lines = render_way(way(tmp_path, left_out=("a.test: its certificate is not there",)))

    at = lines.index("# NOT SERVED by it: a.test: its certificate is not there")
    assert at < next(n for n, line in enumerate(lines) if line.startswith("bascule stop"))


def test_how_long_it_takes_is_what_rehearsals_took(tmp_path: Path) -> None:
    measured = UpdateTimes(median_s=8.2, p90_s=79.4, source="of 2 rehearsals")

    never, rehearsed = render_way(way(tmp_path)), render_way(way(tmp_path, update=measured))

    assert "`bascule gateway rehearse`" in never[2]
    assert "8 s for it mostly, one time in ten over 79 s, by the time of 2 reh" in rehearsed[2]


def test_who_has_no_such_file_reads_its_name_once_and_what_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = tmp_path / "gateway.yaml"
    gateway.write_text(
        "name: shop\n"
        "clusters: {blue: {kubeconfig: b}, green: {kubeconfig: g}}\n"
        "listeners: [{name: http, port: 80}]\n"
        "gateway: {type: appgw, resourceGroup: g, name: gw}\n"
    )

    code = main(["gateway", "break-glass", "-f", str(gateway), "--state", str(tmp_path)])

    said = capsys.readouterr().err
    assert code == 2
    assert f"{tmp_path}/break-glass-blue.json cannot be read: No such file or directory\n" in said
    assert "`bascule run` writes it" in said
