"""An Envoy that is run elsewhere moves from a frozen management server to the next one."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.gateway.envoy.driver import EnvoyDriver
from bascule.ids import Cluster
from bascule.routing.model import Backend
from tests.support import tables
from tests.support.envoy_elsewhere import run_envoy, write_certificates
from tests.support.envoy_world import TinyBackend, fetch
from tests.support.network import free_port
from tests.support.tables import ALL_GREEN
from tests.support.xds_owner import listen

ROOT = Path(__file__).parents[2]


async def test_config_of_b_wins_when_a_is_frozen_and_a_sends_nothing_when_it_wakes(
    tmp_path: Path,
) -> None:
    write_certificates(tmp_path)
    a_port, b_port, port = free_port(), free_port(), free_port()
    async with TinyBackend("blue") as blue, TinyBackend("green") as green:
        both = (tables.backend(Cluster.BLUE, "web", blue.port), _green(green))
        host = tables.host("shop.example.com", tables.route(*both))
        routes = tables.route_set([host], port=port)
        ports = (port, blue.port, green.port)
        async with _owner(tmp_path, a_port, *ports) as a:
            with run_envoy(tmp_path, a_port, b_port):
                assert await _read(a) == "applied"
                assert (await fetch(port, "shop.example.com")).body == "blue"

                a.send_signal(signal.SIGSTOP)
                (tmp_path / "taken").touch()
                async with EnvoyDriver(clock=SystemClock(), listen=listen(tmp_path, b_port)) as b:
                    await b.apply(tables.table(routes, ALL_GREEN), tables.store())
                    assert (await fetch(port, "shop.example.com")).body == "green"

                    a.send_signal(signal.SIGUSR1)
                    a.send_signal(signal.SIGCONT)
                    assert await _read(a) == "stale"
                    assert (await fetch(port, "shop.example.com")).body == "green"
                    assert b.instances == 1


def _green(backend: TinyBackend) -> Backend:
    return tables.backend(Cluster.GREEN, "web", backend.port)


@asynccontextmanager
async def _owner(folder: Path, *ports: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.xds_owner",
        str(folder),
        *(str(port) for port in ports),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _read(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()
