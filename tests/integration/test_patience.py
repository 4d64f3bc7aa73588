"""How long a verb waits, as the runtime says that its gateway may take."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bascule.app.control import ControlServer
from bascule.app.state_dir import StateDir
from bascule.cli.patience import SAY_EVERY_S, Patience, take_patience
from bascule.cli.rendering import Output
from bascule.journal.record import Json
from bascule.upgrade.pace import AT_ONCE
from tests.support.virtual_clock import VirtualClock

PACE_S = 2_400.0


async def answer(request: Mapping[str, Json]) -> Mapping[str, Json]:
    if request["op"] == "progress":
        return {"progress": "the gateway is being updated, 12 s"}
    return {"ok": True, "outcome_s": PACE_S}


async def take(
    place: StateDir, *, said_s: float | None = None, output: Output = Output.TEXT
) -> Patience:
    async with ControlServer(place.control_socket, answer):
        return await take_patience(place, VirtualClock(), said_s=said_s, output=output)


async def test_without_a_time_out_it_is_as_long_as_the_gateway_may_take(tmp_path: Path) -> None:
    place = StateDir(tmp_path)

    assert (await take(place)).limit_s == PACE_S
    assert (await take(place, said_s=7.0)).limit_s == 7.0


async def test_without_a_runtime_that_answers_it_is_as_long_as_most_gateways_take(
    tmp_path: Path,
) -> None:
    patience = await take_patience(StateDir(tmp_path), VirtualClock(), said_s=None)

    assert patience.limit_s == AT_ONCE.outcome_s


async def test_people_are_told_on_standard_error_what_they_wait_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, clock = StateDir(tmp_path), VirtualClock()
    async with ControlServer(place.control_socket, answer):
        patience = await take_patience(place, clock, said_s=None, output=Output.TEXT)
        await clock.drive(patience.pause(SAY_EVERY_S))
        await clock.drive(patience.pause(0.5))

    out, err = capsys.readouterr()
    assert (out, err) == ("", "the gateway is being updated, 12 s\n")
    assert (await take(place, output=Output.JSON)).tell is None
