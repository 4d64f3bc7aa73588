"""One process, one cluster: API server, controllers and pods.

`python -m bascule.lab.cluster --dir DIR --name blue --version 1.33 --network 127.64` writes
DIR/ready.json when it serves, and ends cleanly on SIGTERM. Killed at any moment and started again,
it has the same objects and certificates. With `--plan` version, addresses and nodes are those of
DIR/plan.json, which is read again at each SIGHUP.
"""

import argparse
import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec

from bascule.lab.cluster_plan import PLAN_FILE, ClusterPlan, load_plan
from bascule.lab.controllers.network.api_service import publish_api_server
from bascule.lab.controllers.network.service_addresses import SERVICE_NETWORK
from bascule.lab.controllers.plane import ControlPlane, PlaneOptions
from bascule.lab.controllers.system.node_pools import machines_of_plan
from bascule.lab.controllers.system.nodes import NodeShape, machines_of
from bascule.lab.kubeapi.kinds import parse_minor
from bascule.lab.kubeapi.server import KubeApiServer
from bascule.lab.kubeapi.store import Store
from bascule.lab.kubeapi.store_log import StoreLog
from bascule.lab.planned_cluster import PlannedCluster, build_span
from bascule.lab.pods.ledger import Ledger
from bascule.lab.pods.network import (
    PodNetwork,
    balancers_of,
    has_loopback_aliases,
    lowest_allowed_port,
    pods_of,
)
from bascule.lab.wall_clock import WallClock

READY_FILE = "ready.json"
KUBECONFIG_FILE = "kubeconfig"
STOP_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """What the command line says."""

    directory: Path
    name: str
    version: str
    context: str
    network: str
    port: int
    nodes: int
    seed: int
    latency_ms: float
    plan: ClusterPlan | None = None
    """What the plan's file says; then it has the last word."""


async def run_cluster(options: ClusterOptions) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ready = options.directory / READY_FILE
    ready.unlink(missing_ok=True)
    store = _open_store(options)
    ledger = Ledger(options.directory / "effects.log")
    server = KubeApiServer(
        store,
        version=options.version,
        directory=options.directory / "pki",
        port=options.port,
    )
    server.attach(effects=ledger.effects)
    services = options.plan.services if options.plan is not None else SERVICE_NETWORK
    try:
        await server.start()
        server.write_kubeconfig(options.directory / KUBECONFIG_FILE, context=options.context)
        plane = _build_plane(options, store, ledger, server)
        planned = PlannedCluster(options.directory, store, server, plane)
        publish_api_server(store, server.address, server.port, services)
        server.attach(logs=plane.log_of, effects=ledger.effects)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(plane.run())]
            if options.plan is not None:
                loop.add_signal_handler(signal.SIGHUP, planned.look_again)
                running.append(tasks.create_task(planned.follow(options.plan.version)))
            _write_ready(ready, server)
            await stop.wait()
            for task in running:
                task.cancel()
        await asyncio.wait_for(server.stop(), STOP_LIMIT_S)
    finally:
        ready.unlink(missing_ok=True)
        ledger.close()
        store.close()


def _open_store(options: ClusterOptions) -> Store:
    return Store(
        clock=WallClock(),
        rng=_rng(options),
        minor=parse_minor(options.version),
        log=StoreLog(options.directory / "store"),
    )


def _build_plane(
    options: ClusterOptions, store: Store, ledger: Ledger, server: KubeApiServer
) -> ControlPlane:
    plan = options.plan
    shape = NodeShape(count=options.nodes)
    pods, balancers = pods_of(options.network), balancers_of(options.network)
    machines = machines_of(options.name, options.version, options.network, shape)
    if plan is not None:
        pods, balancers = build_span(plan.pods), build_span(plan.balancers)
        machines = machines_of_plan(plan)
    network = PodNetwork(
        pods, has_aliases=has_loopback_aliases(), lowest_port=lowest_allowed_port()
    )
    return ControlPlane(
        store,
        ledger,
        _rng(options),
        PlaneOptions(
            cluster=options.name,
            version=options.version,
            network=network,
            balancers=balancers,
            services=plan.services if plan is not None else SERVICE_NETWORK,
            machines=machines,
            authority_pem=server.certificates.authority_pem,
            wall_s=time.time,
            latency_ms=options.latency_ms,
        ),
    )


def _rng(options: ClusterOptions) -> Random:
    """Return the source of names and UIDs; nothing secret comes from it."""
    return Random(options.seed or os.urandom(16))  # noqa: S311 - names, not secrets


def _write_ready(path: Path, server: KubeApiServer) -> None:
    draft = path.with_suffix(".new")
    content = {"pid": os.getpid(), "url": server.url, "port": server.port}
    draft.write_bytes(msgspec.json.encode(content))
    draft.replace(path)


def parse_arguments(argv: Sequence[str] | None = None) -> ClusterOptions:
    """Read the command line of a cluster process."""
    parser = argparse.ArgumentParser(prog="python -m bascule.lab.cluster")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", default="")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--context", default="")
    parser.add_argument("--network", default="127.64")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parsed = parser.parse_args(argv)
    if bool(parsed.version) == parsed.plan:
        parser.error("say either --version or --plan")
    plan = load_plan(parsed.dir / PLAN_FILE) if parsed.plan else None
    return ClusterOptions(
        directory=parsed.dir,
        name=parsed.name,
        version=plan.version if plan is not None else parsed.version,
        plan=plan,
        context=parsed.context or parsed.name,
        network=parsed.network,
        port=parsed.port,
        nodes=parsed.nodes,
        seed=parsed.seed,
        latency_ms=parsed.latency_ms,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run one cluster."""
    os.umask(0o077)
    options = parse_arguments(argv)
    options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    try:
        import uvloop
    except ImportError:
        asyncio.run(run_cluster(options))
    else:
        uvloop.run(run_cluster(options))


if __name__ == "__main__":
    main()
