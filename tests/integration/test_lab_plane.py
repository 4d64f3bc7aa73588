"""Controllers, kubelet and real pods together."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bascule.lab.kubeapi.lifecycle import AT_ONCE, DeleteOptions
from tests.support.lab_plane import deployment, service
from tests.support.lab_world import LabWorld, lab_world

Object = dict[str, Any]

LONG_HOOK = {"preStop": {"exec": {"command": ["sleep", "25"]}}}
PROBE = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LabWorld]:
    async with lab_world(tmp_path) as world:
        yield world


def container(**more: Any) -> Object:
    return {"name": "main", "image": "web", "ports": [{"containerPort": 8080}], **more}


def web(replicas: int = 2, *, annotations: Object | None = None, **more: Any) -> Object:
    made = deployment("web", replicas)
    made["spec"]["template"]["spec"]["containers"] = [container(**more)]
    made["spec"]["template"]["metadata"]["annotations"] = annotations or {}
    made["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return made


def bare(name: str, *, policy: str = "Never", **more: Any) -> Object:
    spec = {"restartPolicy": policy, "containers": [container(**more)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


async def ask(address: str, port: int, path: str = "/") -> aiohttp.ClientResponse:
    """Ask by POST, which aiohttp never sends a second time by itself."""
    url = f"http://{address}:{port}{path}"
    async with aiohttp.ClientSession() as session, session.post(url) as response:
        await response.read()
        return response


def phase(world: LabWorld, name: str) -> str:
    return str(((world.find("pods", name) or {}).get("status") or {}).get("phase", ""))


def container_status(world: LabWorld, name: str) -> Object:
    status = (world.find("pods", name) or {}).get("status") or {}
    found: Object = (status.get("containerStatuses") or [{}])[0]
    return found


async def test_each_pod_answers_at_its_own_address(world: LabWorld) -> None:
    world.create("deployments.apps", web(readinessProbe=PROBE))
    world.create("services", service())
    await world.until(lambda: len(world.ready_endpoints("web")) == 2)

    answers = [await ask(*place) for place in world.ready_endpoints("web")]

    names = {f"default/{pod['metadata']['name']}" for pod in world.pods()}
    assert {answer.headers["x-lab-pod"] for answer in answers} == names


async def test_a_pod_is_not_ready_before_it_has_started(world: LabWorld) -> None:
    slow = {"lab.bascule.dev/startup-ms": "300"}
    world.create("deployments.apps", web(1, annotations=slow, readinessProbe=PROBE))
    world.create("services", service())
    await world.until(lambda: any(pod["status"].get("podIP") for pod in world.pods()))

    assert world.ready_endpoints("web") == []
    await world.until(lambda: len(world.ready_endpoints("web")) == 1)


async def test_a_rolling_restart_under_load_fails_no_request(world: LabWorld) -> None:
    pre_stop = {"preStop": {"exec": {"command": ["sleep", "0.3"]}}}
    world.create("deployments.apps", web(3, readinessProbe=PROBE, lifecycle=pre_stop))
    world.create("services", service())
    await world.until(lambda: len(world.ready_endpoints("web")) == 3)
    before = {pod["metadata"]["name"] for pod in world.pods()}
    outcomes: Counter[str] = Counter()
    stop = asyncio.Event()

    async def load(session: aiohttp.ClientSession, number: int) -> None:
        while not stop.is_set():
            places = world.ready_endpoints("web")
            address, port = places[number % len(places)]
            try:
                async with session.post(f"http://{address}:{port}/") as response:
                    await response.read()
                    outcomes[str(response.status)] += 1
            except aiohttp.ClientError as error:
                outcomes[type(error).__name__] += 1
            number += 1
            await asyncio.sleep(0.002)

    # Fresh connections, as a client sees that knows the endpoints and never retries.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as tasks:
        for number in range(4):
            tasks.create_task(load(session, number))
        annotations = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
        change = {"spec": {"template": annotations}}
        world.store.patch("deployments.apps", "web", "default", change)
        await world.until(
            lambda: (
                before.isdisjoint(pod["metadata"]["name"] for pod in world.pods())
                and len(world.ready_endpoints("web")) == 3
            ),
            within_s=20,
        )
        stop.set()

    assert outcomes.keys() == {"200"}
    assert outcomes["200"] > 20


async def test_a_terminating_pod_leaves_its_service_first_and_answers_until_its_hook_is_over(
    world: LabWorld,
) -> None:
    pre_stop = {"preStop": {"exec": {"command": ["sh", "-c", "sleep 1"]}}}
    world.create("deployments.apps", web(1, lifecycle=pre_stop))
    world.create("services", service())
    await world.until(lambda: len(world.ready_endpoints("web")) == 1)
    place = world.ready_endpoints("web")[0]
    name = world.pods()[0]["metadata"]["name"]

    world.store.delete("pods", name, "default")
    await world.until(lambda: place not in world.ready_endpoints("web"))

    slices = world.store.list("endpointslices.discovery.k8s.io", "default").items
    conditions = [
        endpoint["conditions"]
        for endpoint in slices[0]["endpoints"]
        if endpoint["targetRef"]["name"] == name
    ]
    assert conditions == [{"ready": False, "serving": True, "terminating": True}]
    assert (await ask(*place)).status == 200
    await world.until(lambda: world.find("pods", name) is None)
    assert "Killing" in world.reasons(name)


async def test_a_stream_goes_on_until_shortly_before_the_end_of_the_grace_period(
    world: LabWorld,
) -> None:
    made = bare("web", policy="Always")
    made["spec"]["terminationGracePeriodSeconds"] = 2
    world.create("pods", made)
    await world.until_ready(1)
    url = f"http://{world.pods()[0]['status']['podIP']}:8080/"

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        await ws.receive_str()
        world.store.delete("pods", "web", "default")
        await world.until(lambda: "SIGTERM" in " ".join(_log(world, "web")))
        await ws.send_str("still there?")

        assert await ws.receive_str() == "still there?"
        assert (await ws.receive()).data == 1001
    await world.until(lambda: world.find("pods", "web") is None)


async def test_requests_past_the_grace_period_are_cut(world: LabWorld) -> None:
    made = bare("web", policy="Always")
    made["spec"]["terminationGracePeriodSeconds"] = 1
    world.create("pods", made)
    await world.until_ready(1)
    address = world.pods()[0]["status"]["podIP"]

    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(_outcome(address, "/slow?ms=20000"))
        await world.until(lambda: "POST /slow" in " ".join(_log(world, "web")))
        world.store.delete("pods", "web", "default")

    assert slow.result() == "ServerDisconnectedError"
    assert world.find("pods", "web") is None


async def test_a_second_deletion_may_shorten_the_first(world: LabWorld) -> None:
    world.create("pods", bare("web", policy="Always", lifecycle=LONG_HOOK))
    await world.until_ready(1)
    world.store.delete("pods", "web", "default")
    await world.until(lambda: "Killing" in world.reasons("web"))

    world.store.delete("pods", "web", "default", DeleteOptions(grace_period_s=1))

    await world.until(lambda: world.find("pods", "web") is None, within_s=5)


async def test_a_pod_deleted_at_once_is_killed(world: LabWorld) -> None:
    world.create("pods", bare("web", policy="Always"))
    await world.until_ready(1)
    address = world.pods()[0]["status"]["podIP"]

    world.store.delete("pods", "web", "default", AT_ONCE)

    await world.until(lambda: _refuses(address))


async def test_error_rate_latency_and_body_come_from_annotations(world: LabWorld) -> None:
    made = bare("web", policy="Always")
    made["metadata"]["annotations"] = {
        "lab.bascule.dev/error-rate": "1",
        "lab.bascule.dev/error-status": "503",
        "lab.bascule.dev/body": "hello",
    }
    world.create("pods", made)
    await world.until_ready(1)

    answer = await ask(world.pods()[0]["status"]["podIP"], 8080)

    assert answer.status == 503
    assert (await answer.json())["body"] == "hello"


async def test_an_annotation_that_means_nothing_is_told(world: LabWorld) -> None:
    made = bare("web", policy="Always")
    made["metadata"]["annotations"] = {"lab.bascule.dev/latency-ms": "soon"}

    world.create("pods", made)

    await world.until(lambda: "waiting" in container_status(world, "web").get("state", {}))
    await world.until(lambda: "Failed" in world.reasons("web"))
    assert container_status(world, "web")["state"]["waiting"]["reason"] == (
        "CreateContainerConfigError"
    )


async def test_a_pod_whose_readiness_probe_fails_runs_but_gets_no_traffic(world: LabWorld) -> None:
    unhealthy = {"lab.bascule.dev/healthy": "false"}
    world.create("deployments.apps", web(1, annotations=unhealthy, readinessProbe=PROBE))
    world.create("services", service())
    await world.until(
        lambda: any("Unhealthy" in world.reasons(pod["metadata"]["name"]) for pod in world.pods())
    )

    (pod,) = world.pods()
    conditions = {item["type"]: item["status"] for item in pod["status"]["conditions"]}
    assert pod["status"]["phase"] == "Running"
    assert conditions["Ready"] == conditions["ContainersReady"] == "False"
    assert world.ready_endpoints("web") == []


async def test_a_failing_liveness_probe_restarts_the_container(world: LabWorld) -> None:
    failing = {
        "httpGet": {"path": "/status/500", "port": 8080},
        "periodSeconds": 1,
        "failureThreshold": 1,
    }
    world.create("pods", bare("web", policy="Always", livenessProbe=failing))

    await world.until(lambda: container_status(world, "web").get("restartCount", 0) >= 1)

    assert {"Unhealthy", "Killing"} <= world.reasons("web")
    assert "terminated" in container_status(world, "web")["lastState"]
    before = world.plane.log_of("default", "web", "main", previous=True)
    assert before is not None
    assert any("listening" in line for line in before.lines())


async def test_a_startup_probe_holds_the_others_back(world: LabWorld) -> None:
    startup = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    made = bare("web", policy="Always", startupProbe=startup, readinessProbe=PROBE)

    world.create("pods", made)

    await world.until_ready(1)


async def test_a_script_prints_ends_and_leaves_its_log(world: LabWorld) -> None:
    command = ["sh", "-c", "echo hello; sleep 0.05; exit 3"]
    world.create("pods", bare("job", command=command, ports=[]))

    await world.until(lambda: phase(world, "job") == "Failed")

    assert container_status(world, "job")["state"]["terminated"]["exitCode"] == 3
    assert _log(world, "job") == ["hello"]


async def test_a_container_that_keeps_failing_is_held_back(world: LabWorld) -> None:
    world.create("pods", bare("crash", policy="Always", command=["false"], ports=[]))

    def is_held() -> bool:
        waiting = container_status(world, "crash").get("state", {}).get("waiting", {})
        return bool(waiting.get("reason") == "CrashLoopBackOff")

    await world.until(is_held)
    assert "BackOff" in world.reasons("crash")
    world.store.delete("pods", "crash", "default")
    await world.until(lambda: world.find("pods", "crash") is None)


async def test_init_containers_come_first(world: LabWorld) -> None:
    made = bare("web", policy="Always")
    init = {"name": "init", "image": "busybox", "command": ["sh", "-c", "echo ready; sleep 0.2"]}
    made["spec"]["initContainers"] = [init]

    world.create("pods", made)
    await world.until(
        lambda: "initContainerStatuses" in (world.find("pods", "web") or {}).get("status", {})
    )

    assert phase(world, "web") == "Pending"
    await world.until_ready(1)
    log = world.plane.log_of("default", "web", "init")
    assert log is not None
    assert list(log.lines()) == ["ready"]


async def test_an_image_that_does_not_exist_is_never_started(world: LabWorld) -> None:
    world.create("pods", bare("web", policy="Always", image="registry.invalid/web:1"))

    await world.until(lambda: "BackOff" in world.reasons("web"))

    assert container_status(world, "web")["state"]["waiting"]["reason"] == "ImagePullBackOff"
    assert phase(world, "web") == "Pending"


async def test_without_loopback_aliases_ports_replace_addresses(tmp_path: Path) -> None:
    async with lab_world(tmp_path, has_aliases=False) as world:
        world.create("deployments.apps", web(2, readinessProbe=PROBE))
        world.create("services", service())
        await world.until(lambda: len(world.ready_endpoints("web")) == 2)

        places = world.ready_endpoints("web")
        answers = [await ask(*place) for place in places]

        assert {address for address, _ in places} == {"127.0.0.1"}
        assert len({port for _, port in places}) == 2
        assert [answer.status for answer in answers] == [200, 200]


def _log(world: LabWorld, name: str) -> list[str]:
    log = world.plane.log_of("default", name, "main")
    return list(log.lines()) if log is not None else []


async def _outcome(address: str, path: str) -> str:
    try:
        return str((await ask(address, 8080, path)).status)
    except aiohttp.ClientError as error:
        return type(error).__name__


async def _refuses(address: str) -> bool:
    return await _outcome(address, "/") == "ClientConnectorError"
