"""An Envoy that is run elsewhere moves from a frozen management server to the next one."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from bascule.app.clock import SystemClock
from bascule.gateway.envoy.binary import find_envoy
from bascule.gateway.envoy.driver import EnvoyDriver
from bascule.ids import Cluster
from bascule.routing.model import Backend
from tests.support import tables
from tests.support.envoy_world import TinyBackend, fetch
from tests.support.network import free_port
from tests.support.pki import Authority
from tests.support.tables import ALL_GREEN
from tests.support.xds_owner import listen

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "envoy-elsewhere.md"
SOON = "0.3s"
"""In place of seconds, for the keepalive and the health checks."""


async def test_config_of_b_wins_when_a_is_frozen_and_a_sends_nothing_when_it_wakes(
    tmp_path: Path,
) -> None:
    _write_certificates(tmp_path)
    a_port, b_port, port = free_port(), free_port(), free_port()
    async with TinyBackend("blue") as blue, TinyBackend("green") as green:
        both = (tables.backend(Cluster.BLUE, "web", blue.port), _green(green))
        host = tables.host("shop.example.com", tables.route(*both))
        routes = tables.route_set([host], port=port)
        async with (
            _owner(tmp_path, a_port, port, blue.port, green.port) as a,
            _envoy(tmp_path, a_port, b_port),
        ):
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


def _write_certificates(folder: Path) -> None:
    authority = Authority()
    (folder / "ca.crt").write_bytes(authority.pem)
    for name, pair in (
        ("server", authority.issue("xds.example.com")),
        ("client", authority.issue("edge-1")),
    ):
        (folder / f"{name}.crt").write_bytes(pair.chain_pem)
        (folder / f"{name}.key").write_bytes(pair.key_pem)


def _bootstrap(folder: Path, ports: tuple[int, int]) -> str:
    """Return the bootstrap of the page, with the files and ports of this test."""
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert found is not None
    text = found[1].replace("/etc/envoy/", f"{folder}/")
    bootstrap: dict[str, Any] = yaml.safe_load(text)
    bootstrap["admin"]["address"]["pipe"]["path"] = str(folder / "admin.sock")
    (cluster,) = bootstrap["static_resources"]["clusters"]
    cluster["health_checks"][0].update(timeout=SOON, interval=SOON, no_traffic_interval=SOON)
    (options,) = cluster["typed_extension_protocol_options"].values()
    protocol = options["explicit_http_config"]["http2_protocol_options"]
    protocol["connection_keepalive"] = {"interval": SOON, "timeout": SOON}
    for group, port in zip(cluster["load_assignment"]["endpoints"], ports, strict=True):
        address = group["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
        address.update(address="127.0.0.1", port_value=port)
    return yaml.safe_dump(bootstrap)


@asynccontextmanager
async def _envoy(folder: Path, *ports: int) -> AsyncIterator[None]:
    config = folder / "envoy.yaml"
    config.write_text(_bootstrap(folder, (ports[0], ports[1])))
    command = [str(find_envoy()), "-c", str(config), "--disable-hot-restart", "--concurrency", "1"]
    with (folder / "envoy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


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
