"""A runtime in small, for a process of its own: serves one table to Envoys that run elsewhere.

Its lease is a file: once that is there, another owner has taken over. What it does is told on
standard output, a word a line.
"""

import asyncio
import signal
import sys
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.errors import StaleWriterError
from bascule.gateway.envoy.driver import EnvoyDriver, TcpListen
from bascule.gateway.envoy.server import MutualTls
from bascule.ids import Cluster
from bascule.routing.weights import Weights
from tests.support import tables


def listen(folder: Path, port: int) -> TcpListen:
    """Return how to listen on a port of the loopback with the certificates in `folder`."""
    tls = MutualTls(
        chain_file=folder / "server.crt",
        key_file=folder / "server.key",
        client_ca_file=folder / "ca.crt",
    )
    return TcpListen(address=f"127.0.0.1:{port}", tls=tls)


async def serve(folder: Path, own_port: int, port: int, *backend_ports: int) -> None:
    """Send all requests to blue, and half of them once SIGUSR1 comes."""

    def check() -> None:
        if (folder / "taken").exists():
            raise StaleWriterError("B has taken over")

    backends = (
        tables.backend(cluster, "web", number)
        for cluster, number in zip(Cluster, backend_ports, strict=True)
    )
    routes = tables.route_set([tables.host("shop.example.com", tables.route(*backends))], port=port)
    driver = EnvoyDriver(clock=SystemClock(), listen=listen(folder, own_port), fence=check)
    async with driver:
        await driver.apply(tables.table(routes, Weights(10_000)), tables.store())
        asked = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, asked.set)
        sys.stdout.write("applied\n")  # from now on the signal may come
        sys.stdout.flush()
        await asked.wait()
        await driver.apply(tables.table(routes, Weights(5_000)), tables.store())


def main() -> None:
    """Serve as the command line says."""
    folder, *ports = sys.argv[1:]
    try:
        asyncio.run(serve(Path(folder), *(int(port) for port in ports)))
    except StaleWriterError:
        sys.stdout.write("stale\n")


if __name__ == "__main__":
    main()
