"""What a real Envoy does when something breaks: refusals, deaths, lost connections."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest
from typing_extensions import override

from bascule.app.clock import SystemClock
from bascule.errors import DriverError, OutcomeUnknownError, UsageError
from bascule.gateway.driver import Convergence
from bascule.gateway.envoy.binary import find_envoy
from bascule.gateway.envoy.bootstrap import TcpXds
from bascule.gateway.envoy.driver import EnvoyDriver, TcpListen, UnixListen
from bascule.gateway.envoy.process import (
    BACKOFF_FIRST_S,
    Death,
    EnvoyProcess,
    ProcessOptions,
)
from bascule.gateway.envoy.server import MutualTls
from bascule.ids import Cluster
from tests.support import tables
from tests.support.envoy_world import SteadyClients, TinyBackend, envoy_world, fetch, make_process
from tests.support.network import free_port
from tests.support.pki import Authority, Pair
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually


async def test_a_refused_table_leaves_the_last_good_one_and_says_why(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        await world.apply(world.routes())
        broken = tables.backend(Cluster.BLUE, "web", 80, address="not-an-address")
        bad = world.routes(
            tables.host("shop.example.com", tables.route(broken, world.backend(Cluster.GREEN)))
        )

        with pytest.raises(DriverError, match="not-an-address"):
            await world.apply(bad)

        assert await world.ask() == "blue"
        observed = await world.driver.observe()
        assert observed.convergence is Convergence.REFUSED
        assert "not-an-address" in observed.reason
        await world.apply(world.routes(), ALL_GREEN)
        assert await world.ask() == "green"
        assert (await world.driver.observe()).convergence is Convergence.CONVERGED


async def test_a_refused_table_does_not_keep_the_routes_from_following_a_switch(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path, settle_s=0.2) as world:
        await world.apply(world.routes())
        await world.apply(world.routes(), ALL_GREEN)
        broken = tables.backend(Cluster.BLUE, "web", 80, address="not-an-address")
        bad = world.routes(
            tables.host("shop.example.com", tables.route(broken, world.backend(Cluster.GREEN)))
        )
        with pytest.raises(DriverError):
            await world.apply(bad, ALL_GREEN)

        async def has_followed() -> bool:
            return await world.process.admin.fetch_runtime() == {}

        await eventually(has_followed)
        assert await world.ask() == "green"


async def test_a_taken_port_is_said_in_one_line_and_works_once_it_is_free(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        squatter = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", world.port)

        with pytest.raises(DriverError, match=f"(?s)cannot open a port.*{world.port}"):
            await world.apply(world.routes())

        squatter.close()
        await squatter.wait_closed()
        await world.apply(world.routes())
        assert await world.ask() == "blue"


async def test_a_killed_envoy_comes_back_with_the_switch_that_was_made(tmp_path: Path) -> None:
    async with envoy_world(tmp_path, settle_s=60) as world:
        routes = world.routes()
        await world.apply(routes)
        await world.apply(routes, ALL_GREEN)
        told: list[Death] = []
        async with asyncio.TaskGroup() as tasks:
            supervision = tasks.create_task(world.process.supervise(told.append))
            first_pid = world.process.pid
            assert first_pid is not None

            os.kill(first_pid, signal.SIGKILL)
            await eventually(lambda: len(told) == 2)

            assert {await world.ask() for _ in range(20)} == {"green"}
            supervision.cancel()
        death = world.process.deaths[0]
        assert death.exit_code == 128 + signal.SIGKILL
        assert death.ready_at is not None
        assert death.died_at < death.ready_at
        assert world.process.pid != first_pid
        assert world.blue.hits == {}
        assert (await world.driver.observe()).convergence is Convergence.CONVERGED


async def test_envoy_serves_on_while_the_driver_is_away_and_keeps_the_switch_after_it(
    tmp_path: Path,
) -> None:
    process = make_process(tmp_path)
    port = free_port()

    def new_driver() -> EnvoyDriver:
        return EnvoyDriver(
            clock=SystemClock(),
            listen=UnixListen(path=tmp_path / "xds.sock"),
            admin_sockets=[process.admin_socket],
            settle_s=60,
        )

    async with TinyBackend("blue") as blue, TinyBackend("green") as green:
        pair = (
            tables.backend(Cluster.BLUE, "web", blue.port),
            tables.backend(Cluster.GREEN, "web", green.port),
        )
        routes = tables.route_set([tables.host("shop.example.com", tables.route(*pair))], port=port)
        try:
            async with new_driver() as driver:
                await process.start()
                await driver.apply(tables.table(routes), tables.store())
                await driver.apply(tables.table(routes, ALL_GREEN), tables.store())
            blue.hits.clear()
            clients = SteadyClients(port, "shop.example.com")
            async with clients.running(), new_driver() as driver:
                await driver.apply(tables.table(routes, ALL_GREEN), tables.store())
                before = clients.answers["green"]
                await eventually(lambda: clients.answers["green"] > before + 20)
                assert (await driver.observe()).convergence is Convergence.CONVERGED
            assert clients.failures == []
            assert blue.hits == {}
        finally:
            await process.stop()


async def test_two_envoys_are_switched_together(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        other_state = tmp_path / "other"
        other_state.mkdir()
        options = ProcessOptions(node="envoy-2", concurrency=1)
        other = EnvoyProcess(other_state, world.process.xds, options, clock=SystemClock())
        listener_free = world.routes()
        await world.apply(listener_free)
        flip = await world.apply(listener_free, ALL_GREEN)
        assert flip.instances == 1
        try:
            await other.start()
            await eventually(lambda: _instances(world.driver) == 2)
            flip = await world.apply(listener_free, ALL_BLUE)
            assert flip.instances == 2

            async def holds_the_key() -> bool:
                return await other.admin.fetch_runtime() in ({"bascule.blue": "100"}, {})

            await eventually(holds_the_key)
        finally:
            await other.stop()


def _instances(driver: EnvoyDriver) -> int:
    return driver.instances


async def test_nothing_is_claimed_when_no_envoy_answers(tmp_path: Path) -> None:
    driver = EnvoyDriver(
        clock=SystemClock(), listen=UnixListen(path=tmp_path / "xds.sock"), ack_timeout_s=0.05
    )
    async with driver:
        routes = tables.route_set([tables.host("shop.example.com")])

        with pytest.raises(OutcomeUnknownError, match="0 of at least 1"):
            await driver.apply(tables.table(routes), tables.store())

        observed = await driver.observe()
        assert observed.convergence is Convergence.UNKNOWN
        assert dict(observed.traffic) == {}


@pytest.mark.parametrize("path", ["runtime_modify", "stats/recentlookups/clear", "quitquitquit"])
async def test_the_admin_socket_only_tells(tmp_path: Path, path: str) -> None:
    process = make_process(tmp_path)
    await process.start()
    connector = aiohttp.UnixConnector(path=str(process.admin_socket))
    try:
        await eventually(lambda: _is_listening(process.admin_socket))
        async with (
            aiohttp.ClientSession(connector=connector) as http,
            http.post(f"http://envoy/{path}") as answer,
        ):
            assert answer.status == 403
    finally:
        await process.stop()


def _is_listening(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(place)) == 0


async def test_a_port_that_is_taken_before_the_start_is_a_usage_error(tmp_path: Path) -> None:
    squatter = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = squatter.sockets[0].getsockname()[1]

    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"):
        await make_process(tmp_path, port=port).start()

    squatter.close()


async def test_an_envoy_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    binary = tmp_path / "envoy"
    binary.write_text("#!/bin/sh\necho no such library >&2\nexit 3\n")
    binary.chmod(0o700)
    options = ProcessOptions(node="x", binary=str(binary))
    process = EnvoyProcess(tmp_path, make_process(tmp_path).xds, options, clock=SystemClock())

    with pytest.raises(DriverError, match="no such library"):
        await process.start()


class WaitsClock(SystemClock):
    """The system's clock; keeps how long it was asked to wait."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    @override
    async def sleep_until(self, deadline_s: float) -> None:
        self.waits_s.append(deadline_s - self.monotonic_s())
        await super().sleep_until(deadline_s)


async def test_an_envoy_that_served_is_never_made_to_wait_longer_for_dying_often(
    tmp_path: Path,
) -> None:
    clock = WaitsClock()
    async with envoy_world(tmp_path, process_clock=clock) as world:
        await world.apply(world.routes())
        told: list[Death] = []
        async with asyncio.TaskGroup() as tasks:
            supervision = tasks.create_task(world.process.supervise(told.append))
            for number in range(1, 5):
                assert world.process.pid is not None
                os.kill(world.process.pid, signal.SIGKILL)
                await eventually(lambda n=number: len(told) == 2 * n)  # type: ignore[misc]  # bound at once
            supervision.cancel()

    assert len(world.process.deaths) == 4
    assert max(clock.waits_s) <= BACKOFF_FIRST_S


async def test_a_restart_that_fails_is_tried_again_until_it_works(tmp_path: Path) -> None:
    binary = tmp_path / "envoy"
    binary.symlink_to(find_envoy(None))
    options = ProcessOptions(node="envoy-1", binary=str(binary), concurrency=1)
    process = EnvoyProcess(tmp_path, make_process(tmp_path).xds, options, clock=SystemClock())
    await process.start()
    former = process.pid
    assert former is not None
    binary.unlink()
    try:
        async with asyncio.TaskGroup() as tasks:
            supervisor = tasks.create_task(process.supervise())
            os.kill(former, signal.SIGKILL)
            await eventually(lambda: process.trouble)
            assert "envoy" in process.trouble

            binary.symlink_to(find_envoy(None))
            await eventually(lambda: process.find_running() not in {None, former})
            await eventually(lambda: not process.trouble)
            supervisor.cancel()
    finally:
        await process.stop()


_STARTER = """
import asyncio, sys
from pathlib import Path
from tests.support.envoy_world import make_process

async def main():
    await make_process(Path(sys.argv[1])).start()
    print("started", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_envoy_outlives_the_process_that_started_it_and_is_adopted(tmp_path: Path) -> None:
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _STARTER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert starter.stdout is not None
    process = make_process(tmp_path)
    try:
        assert await starter.stdout.readline() == b"started\n"
        pid = process.find_running()

        starter.kill()
        await starter.wait()

        assert await process.start() is False
        assert process.pid == pid
        assert (await process.admin.fetch_json("/server_info"))["state"] == "PRE_INITIALIZING"
        assert process.admin_socket.stat().st_mode & 0o777 == 0o600
    finally:
        await process.stop()
    assert process.find_running() is None
    assert _names(tmp_path) == ["envoy.log"]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _write(folder: Path, name: str, pair: Pair) -> tuple[Path, Path]:
    chain, key = folder / f"{name}.crt", folder / f"{name}.key"
    chain.write_bytes(pair.chain_pem)
    key.write_bytes(pair.key_pem)
    return chain, key


@pytest.mark.parametrize("is_trusted", [True, False], ids=["known", "unknown"])
async def test_an_envoy_elsewhere_needs_a_certificate_that_we_trust(
    tmp_path: Path,
    is_trusted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    ours, theirs = Authority("ours"), Authority("theirs")
    (tmp_path / "ca.crt").write_bytes(ours.pem)
    server = _write(tmp_path, "server", ours.issue("xds.example.com"))
    client = _write(tmp_path, "client", (ours if is_trusted else theirs).issue("envoy"))
    tls = MutualTls(chain_file=server[0], key_file=server[1], client_ca_file=tmp_path / "ca.crt")
    driver = EnvoyDriver(
        clock=SystemClock(),
        listen=TcpListen(address="127.0.0.1:0", tls=tls),
        ack_timeout_s=10 if is_trusted else 1,
    )
    async with TinyBackend("blue") as blue, driver:
        assert driver.port is not None
        xds = TcpXds(
            host="127.0.0.1",
            port=driver.port,
            server_name="xds.example.com",
            chain_file=client[0],
            key_file=client[1],
            server_ca_file=tmp_path / "ca.crt",
        )
        options = ProcessOptions(node="far", concurrency=1)
        process = EnvoyProcess(tmp_path, xds, options, clock=SystemClock())
        await process.start()
        port = free_port()
        route = tables.route(tables.backend(Cluster.BLUE, "web", blue.port), None)
        routes = tables.route_set([tables.host("shop.example.com", route)], port=port)
        try:
            if is_trusted:
                await driver.apply(tables.table(routes), tables.store())
                assert (await fetch(port, "shop.example.com")).body == "blue"
            else:
                with pytest.raises(OutcomeUnknownError):
                    await driver.apply(tables.table(routes), tables.store())
        finally:
            await process.stop()
