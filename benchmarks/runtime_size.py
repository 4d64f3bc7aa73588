"""(e) Start and memory of a whole `bascule run`, with its Envoy, at 1,000 routes.

The objects are created through the lab's API servers. The slices name addresses where nothing
listens: no request is sent.
"""

import asyncio
import time
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.kube.client import KubeClient
from bascule.kube.kubeconfig import load_kubeconfig
from bascule.kube.resources import ENDPOINT_SLICES, INGRESSES, NAMESPACES, SERVICES, Resource
from bascule.lab.story.settings import StorySettings
from bascule.lab.story.stage import GATEWAY_NAME, LAB_NAME, Stage, open_stage
from benchmarks.figures import Section, Target, write_section
from tests.support.raw_objects import raw_ingress, raw_service, raw_slice

SERVICES_EACH = 1_000
ENDPOINTS_EACH = 10
NAMESPACE = "many"
CONCURRENT_MAX = 16
SETTLE_S = 5.0
MEMORY_MIB_MAX = 150


async def fill_cluster(stage: Stage, cluster: str, subnet: int) -> None:
    """Create SERVICES_EACH Ingresses, Services and slices in one cluster."""
    connection = load_kubeconfig(stage.lab.kubeconfig, f"{LAB_NAME}-{cluster}")
    limit = asyncio.Semaphore(CONCURRENT_MAX)
    async with KubeClient(connection, clock=SystemClock()) as client:

        async def create(resource: Resource, body: dict[str, object]) -> None:
            async with limit:
                await client.create(resource, without_server_fields(body))

        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        await client.create(NAMESPACES, namespace)
        async with asyncio.TaskGroup() as tasks:
            for number in range(SERVICES_EACH):
                for resource, body in objects_of(number, subnet):
                    tasks.create_task(create(resource, body))


def objects_of(number: int, subnet: int) -> list[tuple[Resource, dict[str, object]]]:
    """Return the objects of one service with its route."""
    name = f"web-{number}"
    addresses = [f"127.{subnet}.{100 + number // 25}.{number % 25 * 10 + i}" for i in range(10)]
    host = f"many-{number}.example.test"
    return [
        (SERVICES, raw_service(name, namespace=NAMESPACE)),
        (ENDPOINT_SLICES, raw_slice(name, addresses=addresses, namespace=NAMESPACE)),
        (INGRESSES, raw_ingress(name, host=host, service=name, namespace=NAMESPACE)),
    ]


def without_server_fields(body: dict[str, object]) -> dict[str, object]:
    """Return the object as a user writes it."""
    metadata = body["metadata"]
    assert isinstance(metadata, dict)
    kept = {key: metadata[key] for key in ("name", "namespace", "labels") if key in metadata}
    return {**body, "metadata": kept}


def memory_mib(pid: int, field: str) -> float:
    """Return a figure of /proc/PID/status in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {field} of process {pid}")


async def measure() -> tuple[float, float, float, float]:
    """Return start in s, settled and peak MiB of the runtime, and settled MiB of Envoy."""
    async with open_stage(StorySettings()) as stage:
        await stage.start_clusters()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fill_cluster(stage, "blue", 126))
            tasks.create_task(fill_cluster(stage, "green", 127))
        begun_s = time.monotonic()
        await stage.start_gateway()
        started_s = time.monotonic() - begun_s
        await asyncio.sleep(SETTLE_S)
        assert stage.runtime is not None
        state = stage.directory / "state" / "bascule" / GATEWAY_NAME
        envoy = int((state / "envoy.pid").read_text().split()[0])
        return (
            started_s,
            memory_mib(stage.runtime.pid, "VmRSS"),
            memory_mib(stage.runtime.pid, "VmHWM"),
            memory_mib(envoy, "VmRSS"),
        )


def main() -> None:
    """Measure and keep the section."""
    started_s, settled, peak, envoy = asyncio.run(measure())
    endpoints = SERVICES_EACH * ENDPOINTS_EACH
    write_section(
        Section(
            name="runtime_size",
            title="Start and memory of `bascule run`",
            command="make bench ARGS=runtime_size",
            columns=[
                "routes",
                "endpoints in each cluster",
                "start to the first table live, s",
                "runtime, MiB",
                "runtime, peak MiB",
                "Envoy, MiB",
            ],
            rows=[
                [
                    f"{SERVICES_EACH:,}",
                    f"{endpoints:,}",
                    f"{started_s:.1f}",
                    f"{settled:.0f}",
                    f"{peak:.0f}",
                    f"{envoy:.0f}",
                ]
            ],
            targets=[
                Target(
                    text=f"the runtime under {MEMORY_MIB_MAX} MiB, peak: {peak:.0f} MiB",
                    is_met=peak < MEMORY_MIB_MAX,
                )
            ],
            notes=["Two clusters, one Envoy upstream a service and cluster: 2,000 in all."],
        )
    )


if __name__ == "__main__":
    main()
