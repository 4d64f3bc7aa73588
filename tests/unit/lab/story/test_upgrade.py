import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule.lab.story.examples import find_example
from bascule.lab.story.upgrade import (
    EXAMPLE,
    UpgradeFailedError,
    await_moment,
    find_changes,
    require_end,
    write_file,
)
from bascule.lab.story.verbs import Called

AT = "2026-01-01T00:00:00+00:00"


def order(order_id: str) -> dict[str, object]:
    return {"order_id": order_id, "command_ms": 2.0, "acknowledged_at": AT, "effective_at": AT}


def test_holds_are_made_longer_and_all_else_stays(tmp_path: Path) -> None:
    original = yaml.safe_load(find_example(EXAMPLE).read_text())

    write_file(tmp_path / "upgrade.yaml", scale=2.0)

    written = yaml.safe_load((tmp_path / "upgrade.yaml").read_text())
    assert written["bake"]["hold"] == "3.000s"
    assert [s["weight"] for s in written["steps"]] == [s["weight"] for s in original["steps"]]
    assert written["analysis"] == original["analysis"]


def test_the_changes_of_a_run_are_found_by_their_steps_in_the_order_in_which_they_came() -> None:
    orders = [
        order("run-2:shift-25:1"),
        order("run-2:shift-5:2"),
        order("back"),
        order("run-1:shift-5:1"),
    ]
    status = Called(document={"orders": orders}, begun_s=0, ended_s=0)

    found = find_changes(status, "run-2")

    assert list(found) == ["shift-5", "shift-25"]
    assert found["shift-5"].command_ms == 2.0
    assert found["shift-5"].ended_s - found["shift-5"].begun_s > 0


def test_without_orders_there_are_no_changes() -> None:
    assert find_changes(Called(document={}, begun_s=0, ended_s=0), "run-1") == {}


def test_an_upgrade_that_ends_otherwise_is_the_end_of_the_story() -> None:
    require_end({"stage": "completed"}, "completed")

    with pytest.raises(UpgradeFailedError, match="ended as rolled_back: a hook failed"):
        require_end({"stage": "rolled_back", "ended": {"reason": "a hook failed"}}, "completed")


async def test_a_moment_is_waited_for_as_long_as_it_can_come() -> None:
    moment, over = asyncio.Event(), asyncio.Event()

    async def follow() -> Mapping[str, Any]:
        moment.set()
        await over.wait()
        return {"stage": "rolled_back", "ended": {"reason": "a gate failed"}}

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(follow())
        await await_moment(moment, running)
        over.set()

    with pytest.raises(UpgradeFailedError, match="too early, as rolled_back: a gate failed"):
        await await_moment(asyncio.Event(), running)
