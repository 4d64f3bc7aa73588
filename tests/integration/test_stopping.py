"""`bascule stop` while a runtime is only beginning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bascule.app.state_dir import StateDir
from bascule.app.stopping import stop_gateway
from bascule.storage.lock import hold_lock

_STOP = """
import asyncio, sys
from pathlib import Path
from bascule.app.state_dir import StateDir
from bascule.app.stopping import stop_gateway
print(asyncio.run(stop_gateway(StateDir(Path(sys.argv[1])), keep_envoy=True)))
"""


def test_a_runtime_without_an_id_is_waited_for_and_nobody_else_is_ended(
    tmp_path: Path,
) -> None:
    state_dir = StateDir(tmp_path)
    with hold_lock(state_dir.lock):
        os.truncate(state_dir.lock, 0)
        # In a session of its own: the signal must not reach the group that sends it.
        stopping = subprocess.Popen(
            [sys.executable, "-c", _STOP, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            stopping.wait(1.5)
    said, _ = stopping.communicate()

    assert stopping.returncode == 0
    assert "envoy_pid=None" in said


async def test_nothing_is_ended_where_nothing_runs(tmp_path: Path) -> None:
    stopped = await stop_gateway(StateDir(tmp_path / "none"), keep_envoy=False)

    assert (stopped.runtime_pid, stopped.envoy_pid) == (None, None)
