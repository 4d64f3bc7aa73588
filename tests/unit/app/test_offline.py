import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bascule.app.offline import build_offline_status
from bascule.app.state_dir import StateDir, apply_state_dir
from bascule.cli.status_text import render_status
from bascule.ids import Cluster
from bascule.journal.record import Entry
from bascule.routing.weights import Split, Weights
from bascule.storage.sqlite import open_journal
from bascule.upgrade.events import KIND_BY_EVENT, GatewayKept, Opened, render_event

BLUE = Split(Weights.all_to(Cluster.BLUE))


async def a_gateway(tmp_path: Path, *kept: str) -> StateDir:
    """Return where a runtime has worked that found these gateways in Azure, one after another."""
    place = StateDir(tmp_path / "shop")
    apply_state_dir(place)
    found = [GatewayKept(gateway=each, digest="ab", document={}) for each in kept]
    events: list[Opened | GatewayKept] = [Opened(split=BLUE), *found]
    entries = [
        Entry(
            at=datetime(2026, 6, 1, tzinfo=UTC),
            actor="ada@desk",
            kind=KIND_BY_EVENT[type(event)],
            data=render_event(event),
        )
        for event in events
    ]
    with open_journal(place.journal, as_owner=True) as journal:
        await journal.append(entries, expected_seq=0)
    return place


def test_without_a_runtime_nothing_is_made_up_of_a_gateway_in_azure(tmp_path: Path) -> None:
    place = asyncio.run(a_gateway(tmp_path, "/first", "/now"))

    lines = render_status(build_offline_status(place))

    assert lines[-1] == "azure    /now"
    assert not [line for line in lines if "None" in line or line.startswith("envoy")]


def test_an_envoy_that_is_not_there_is_told_of_where_one_should_be(tmp_path: Path) -> None:
    alone = asyncio.run(a_gateway(tmp_path / "one"))
    behind = asyncio.run(a_gateway(tmp_path / "two", "/now"))
    (behind.path / "envoy.json").touch()

    for place in (alone, behind):
        assert "envoy    does not run" in render_status(build_offline_status(place))
