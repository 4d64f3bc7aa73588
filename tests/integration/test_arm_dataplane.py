"""Application gateways of the lab serve for real: two Envoys behind one loopback address."""

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bascule.lab.arm.dataplane.envoy import find_envoy
from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.arm.dataplane.translate.backends import BackendOptions
from bascule.lab.arm.operations import OperationFailedError
from bascule.lab.arm.resources import Document
from bascule.lab.supervisor.processes import ProcessRecord, load_record, send_signal, write_record
from tests.support.appgw_golden import as_static, translate_document
from tests.support.arm_backends import (
    BLUE,
    FRONTEND_ADDRESSES,
    GREEN,
    HELD,
    PUBLIC,
    Backend,
    ask,
    names,
    pfx,
    server_context,
)
from tests.support.arm_gateways import (
    GATEWAY,
    PORT,
    gateway,
    listener,
    part,
    ref,
    rule,
    settings,
    to_pool,
)
from tests.support.pki import Authority
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

GOLDEN = Path(__file__).parents[1] / "golden" / "appgw"
GONE = BLUE.replace("10.240.", "10.242.")
SPEED = 60.0
"""A minute of a probe's interval, or of connections that drain, passes in one second."""


@dataclass(slots=True, kw_only=True)
class Lab:
    """A plane, whose operations take the time of a clock that is told, and two backends."""

    plane: DataPlane
    clock: VirtualClock
    blue: Backend
    green: Backend

    async def apply(self, document: Document, duration_s: float = 0.0) -> None:
        await self.plane.apply(
            GATEWAY,
            document,
            previous=None,
            frontend_addresses=FRONTEND_ADDRESSES,
            duration_s=duration_s,
        )

    async def health(self) -> dict[str, str]:
        """Return the health of every server by its address."""
        found = await self.plane.health(GATEWAY)
        return {each.address: each.health for servers in found.values() for each in servers}


@asynccontextmanager
async def lab(directory: Path, *, instances: int = 2) -> AsyncIterator[Lab]:
    clock = VirtualClock()
    options = BackendOptions(speed=SPEED)
    plane = DataPlane(directory, clock, instances=instances, options=options)
    async with AsyncExitStack() as stack:
        blue = await stack.enter_async_context(Backend(name="blue", address=BLUE))
        green = await stack.enter_async_context(Backend(name="green", address=GREEN))
        await plane.open()
        try:
            yield Lab(plane=plane, clock=clock, blue=blue, green=green)
        finally:
            await plane.close()


async def test_a_gateway_listens_and_leads_to_its_pool(tmp_path: Path) -> None:
    async with lab(tmp_path) as world:
        await world.apply(gateway({"blue": [BLUE]}))

        answer = await ask("/cart?id=1", "shop.example.com")

        assert answer.body["name"] == "blue"
        assert answer.body["path"] == "/cart?id=1"
        headers = answer.body["headers"]
        assert headers["host"] == "shop.example.com"
        assert headers["x-original-host"] == "shop.example.com"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["x-forwarded-port"] == str(PORT)
        assert headers["x-forwarded-for"].startswith("127.0.0.1:")
        assert not [name for name in headers if name.startswith("x-envoy")]
        assert len(_pids(tmp_path)) == 2
    assert _pids(tmp_path) == []


async def test_both_versions_answer_while_a_document_is_applied(tmp_path: Path) -> None:
    async with lab(tmp_path) as world:
        await world.apply(gateway({"blue": [BLUE]}))
        assert await names() == {"blue"}

        async with asyncio.TaskGroup() as tasks:
            applying = tasks.create_task(world.apply(gateway({"blue": [GREEN]}), 30.0))
            await world.clock.advance(10)
            await eventually(lambda: _sees({"blue", "green"}))
            await world.clock.advance(9)
            assert await names() == {"blue", "green"}
            await world.clock.advance(1)
            await applying
        assert await names() == {"green"}


async def test_a_cancelled_change_leaves_the_instances_mixed_until_the_next(
    tmp_path: Path,
) -> None:
    async with lab(tmp_path) as world:
        await world.apply(gateway({"blue": [BLUE]}))
        async with asyncio.TaskGroup() as tasks:
            applying = tasks.create_task(world.apply(gateway({"blue": [GREEN]}), 30.0))
            await world.clock.advance(10)
            await eventually(lambda: _sees({"blue", "green"}))
            applying.cancel()

        await world.clock.advance(100)
        assert await names() == {"blue", "green"}
        await world.apply(gateway({"blue": [GREEN]}))
        assert await names() == {"green"}


async def test_probes_decide_who_is_asked_and_nobody_left_is_a_502(tmp_path: Path) -> None:
    async with lab(tmp_path) as world:
        world.green.health = 503
        probe = part("quick", host="shop", path="/health", interval=3, unhealthyThreshold=2)
        pools = {"blue": [BLUE, GREEN, GONE, "shop.example.com"]}
        by = settings(probe=ref("probes", "quick"))
        document = gateway(pools, probes=[probe], backendHttpSettingsCollection=[by])
        await world.apply(document)

        assert await names() == {"blue"}
        assert await world.health() == {
            BLUE: "Healthy",
            GREEN: "Unhealthy",
            GONE: "Unhealthy",
            "shop.example.com": "Unhealthy",
        }
        assert {(each.path, each.host) for each in world.blue.probes} == {("/health", "shop")}
        world.blue.health = 500
        await eventually(lambda: _sees({"502"}))
        answer = await ask()
        assert answer.headers["server"] == "Microsoft-Azure-Application-Gateway/v2"
        assert "<h1>502 Bad Gateway</h1>" in answer.text
        world.green.health = 200
        await eventually(lambda: _sees({"green"}))


async def test_affinity_reaches_a_server_that_drains_until_its_time_is_over(
    tmp_path: Path,
) -> None:
    sticky = [
        settings(
            cookieBasedAffinity="Enabled",
            connectionDraining={"enabled": True, "drainTimeoutInSec": 60},
        )
    ]
    async with lab(tmp_path, instances=1) as world:
        await world.apply(gateway({"blue": [BLUE]}, backendHttpSettingsCollection=sticky))
        cookie = (await ask()).headers["set-cookie"].partition(";")[0]
        assert cookie.startswith("ApplicationGatewayAffinity=")

        await world.apply(gateway({"blue": [GREEN]}, backendHttpSettingsCollection=sticky))

        assert await names() == {"green"}
        assert (await ask(headers={"Cookie": cookie})).body["name"] == "blue"
        assert await world.health() == {GREEN: "Healthy", BLUE: "Draining"}
        await world.clock.advance(60 / SPEED)

        async def is_let_go() -> bool:
            return bool((await ask(headers={"Cookie": cookie})).body["name"] == "green")

        await eventually(is_let_go)


async def test_a_change_lets_requests_end_and_cuts_those_that_take_longer(tmp_path: Path) -> None:
    document = gateway({"blue": [BLUE], "green": [GREEN]}, **_two_paths())
    async with lab(tmp_path, instances=1) as world:
        await world.apply(document)
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(_status_line(HELD))
            cut = tasks.create_task(_status_line(f"/green{HELD}"))
            await world.blue.held.wait()
            await world.green.held.wait()

            await world.apply(document)  # it changes nothing, and drains all the same
            world.blue.release.set()

        assert ending.result().startswith(b"HTTP/1.1 200 OK")
        assert cut.result() == b""


async def test_a_port_that_may_not_be_bound_fails_before_anything_is_changed(
    tmp_path: Path,
) -> None:
    async with lab(tmp_path, instances=1) as world:
        await world.apply(gateway({"blue": [BLUE]}))
        with socket.socket() as other:
            other.bind((PUBLIC, 8081))
            other.listen(1)

            document = gateway({"blue": [GREEN]}, ports=(8081,))
            document["properties"]["httpListeners"][0]["properties"]["frontendPort"] = ref(
                "frontendPorts", "port-8081"
            )
            with pytest.raises(OperationFailedError, match="Frontend port 8081") as failure:
                await world.apply(document)

        assert "another process" in failure.value.message
        assert await names(4) == {"blue"}


async def test_a_gateway_can_be_stopped_started_and_removed(tmp_path: Path) -> None:
    async with lab(tmp_path, instances=1) as world:
        document = gateway({"blue": [BLUE]}, probes=[part("unused", path="/")])
        await world.apply(document)

        await world.plane.stop(GATEWAY)
        with pytest.raises(OSError, match="Cannot connect"):
            await ask()
        assert await world.plane.health(GATEWAY) == {}
        await world.apply(document)
        assert await names(2) == {"blue"}
        await world.plane.remove(GATEWAY)
        assert not (tmp_path / "aks_upgrade.appgateway").exists()
        with pytest.raises(OSError, match="Cannot connect"):
            await ask()


async def test_hosts_and_paths_decide_and_redirects_lead_on(tmp_path: Path) -> None:
    sites = _two_paths() | {
        "httpListeners": [
            listener("all"),
            listener("shop", "shop.example.com", "*.shop.example.com"),
        ],
        "redirectConfigurations": [
            part(
                "away",
                redirectType="Found",
                targetUrl="https://new.example.com/base",
                includePath=True,
                includeQueryString=True,
            )
        ],
    }
    sites["requestRoutingRules"] = [
        *sites["requestRoutingRules"],
        rule("shop", 10, listener="shop", redirectConfiguration=ref(*_AWAY)),
    ]
    async with lab(tmp_path, instances=1) as world:
        await world.apply(gateway({"blue": [BLUE], "green": [GREEN]}, **sites))

        assert (await ask("/green/cart", "other.example.com")).body["name"] == "green"
        assert (await ask("/GREEN", "other.example.com")).body["name"] == "green"
        assert (await ask("/gre", "other.example.com")).body["name"] == "blue"
        moved = await ask("/cart?id=1", "WWW.shop.example.com:8080")
        assert moved.status == 302
        assert moved.headers["location"] == "https://new.example.com/base/cart?id=1"


async def test_https_shows_each_host_its_certificate_and_an_unknown_host_is_a_404(
    tmp_path: Path,
) -> None:
    authority = Authority()
    sites: Document = {
        "sslCertificates": [
            part(name, data=pfx(authority.issue(name), "msazure"), password="msazure")
            for name in ("blue.example.com", "green.example.com")
        ],
        "httpListeners": [
            listener(
                name,
                f"{name}.example.com",
                protocol="Https",
                sslCertificate=ref("sslCertificates", f"{name}.example.com"),
            )
            for name in ("blue", "green")
        ],
        "requestRoutingRules": [
            rule(name, 10 + number, listener=name, **to_pool(name))
            for number, name in enumerate(("blue", "green"))
        ],
    }
    async with lab(tmp_path, instances=1) as world:
        await world.apply(gateway({"blue": [BLUE], "green": [GREEN]}, **sites))
        for name in ("blue", "green"):
            answer = await ask(
                host=f"{name}.example.com",
                scheme="https",
                ssl=authority.trusting,
                server_hostname=f"{name}.example.com",
            )
            assert answer.body["name"] == name
            assert answer.body["headers"]["x-forwarded-proto"] == "https"

        unknown = await ask(host="other.example.com", scheme="https", ssl=False)

        assert unknown.status == 404
        assert "Microsoft-Azure-Application-Gateway/v2" in unknown.text
        assert _readable_by_others(tmp_path) == []


async def test_a_server_with_tls_is_verified_against_the_roots_of_the_settings(
    tmp_path: Path,
) -> None:
    authorities = {"right": Authority("right"), "wrong": Authority("wrong")}
    roots = [
        part(name, data=base64.b64encode(authority.pem).decode())
        for name, authority in authorities.items()
    ]
    context = server_context(authorities["right"].issue("web.example.com"), tmp_path)
    async with (
        lab(tmp_path, instances=1) as world,
        Backend(name="secure", address=BLUE, port=9443, context=context),
    ):
        statuses = {}
        for name in authorities:
            of_root = settings(
                protocol="Https",
                port=9443,
                hostName="web.example.com",
                trustedRootCertificates=[ref("trustedRootCertificates", name)],
            )
            await world.apply(
                gateway(
                    {"blue": [BLUE]},
                    trustedRootCertificates=roots,
                    backendHttpSettingsCollection=[of_root],
                )
            )
            statuses[name] = (await ask()).status, (await world.health())[BLUE]

        assert statuses == {"right": (200, "Healthy"), "wrong": (502, "Unhealthy")}


async def test_requests_are_rewritten_as_they_are_told(tmp_path: Path) -> None:
    actions = {
        "requestHeaderConfigurations": [
            {"headerName": "X-Client", "headerValue": "{var_client_ip}"},
            {"headerName": "Accept", "headerValue": ""},
        ],
        "responseHeaderConfigurations": [{"headerName": "X-Served", "headerValue": "{var_host}"}],
    }
    moved = {
        "name": "moved",
        "ruleSequence": 200,
        "conditions": [{"variable": "var_uri_path", "pattern": "^/article/([0-9]+)$"}],
        "actionSet": {"urlConfiguration": {"modifiedPath": "/id/{var_uri_path_1}"}},
    }
    always = {"name": "always", "ruleSequence": 100, "actionSet": actions}
    sites: Document = {
        "rewriteRuleSets": [part("set", rewriteRules=[moved, always])],
        "requestRoutingRules": [rule("r", 1, rewriteRuleSet=ref("rewriteRuleSets", "set"))],
        "backendHttpSettingsCollection": [settings(path="/inner", hostName="in.example.com")],
    }
    async with lab(tmp_path, instances=1) as world:
        await world.apply(gateway({"blue": [BLUE]}, **sites))

        plain = await ask("/article?id=1", "shop.example.com")
        conditional = await ask("/article/7?id=1", "shop.example.com")

        assert plain.body["path"] == "/inner/article?id=1"
        assert conditional.body["path"] == "/id/7?id=1"
        assert plain.headers["x-served"] == "shop.example.com"
        sent = plain.body["headers"]
        assert (sent["host"], sent["x-client"]) == ("in.example.com", "127.0.0.1")
        assert "accept" not in sent


async def test_websockets_pass_and_a_silent_backend_is_a_504(tmp_path: Path) -> None:
    impatient = [settings(requestTimeout=1)]
    async with lab(tmp_path, instances=1) as world:
        await world.apply(gateway({"blue": [BLUE]}, backendHttpSettingsCollection=impatient))

        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://{PUBLIC}:{PORT}/ws") as websocket,
        ):
            await websocket.send_str("hello")
            assert await websocket.receive_str() == "blue: hello"
        answer = await ask(HELD)

        assert answer.status == 504
        assert "<h1>504 Gateway Time-out</h1>" in answer.text


async def test_another_time_for_draining_replaces_the_instances_without_a_gap(
    tmp_path: Path,
) -> None:
    patient = [settings(connectionDraining={"enabled": True, "drainTimeoutInSec": 240})]
    async with lab(tmp_path) as world:
        await world.apply(gateway({"blue": [BLUE]}))
        async with asyncio.TaskGroup() as tasks:
            held = tasks.create_task(_status_line(HELD))
            await world.blue.held.wait()

            await world.apply(gateway({"blue": [BLUE]}, backendHttpSettingsCollection=patient))

            assert await names() == {"blue"}
            assert len(_pids(tmp_path)) == 4
            world.blue.release.set()
        assert held.result().startswith(b"HTTP/1.1 200 OK")
        await world.clock.advance(60)
        await eventually(lambda: len(_pids(tmp_path)) == 2)


async def test_without_an_envoy_the_operation_fails_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab(tmp_path) as world:
        monkeypatch.setenv("ENVOY_BIN", "/nowhere/envoy")
        with pytest.raises(OperationFailedError, match="or set ENVOY_BIN") as failure:
            await world.apply(gateway({"blue": [BLUE]}))

        assert failure.value.code == "InternalServerError"


async def test_a_change_closes_connections_that_are_kept_alive(tmp_path: Path) -> None:
    patient = [settings(connectionDraining={"enabled": True, "drainTimeoutInSec": 600})]
    document = gateway({"blue": [BLUE]}, backendHttpSettingsCollection=patient)
    async with lab(tmp_path, instances=1) as world, aiohttp.ClientSession() as session:
        await world.apply(document)
        async with session.get(f"http://{PUBLIC}:{PORT}/") as before:
            await before.read()

        await world.apply(document)
        async with session.get(f"http://{PUBLIC}:{PORT}/") as after:
            await after.read()

        assert before.headers.get("Connection") is None
        assert after.headers["Connection"] == "close"


async def test_an_instance_that_dies_comes_again(tmp_path: Path) -> None:
    async with lab(tmp_path) as world:
        await world.apply(gateway({"blue": [BLUE]}))
        killed = _pids(tmp_path)
        for record in killed:
            send_signal(record, signal.SIGKILL)

        async def is_back() -> bool:
            await world.clock.advance(1)
            return len([each for each in _pids(tmp_path) if each not in killed]) == 2

        await eventually(is_back)
        await eventually(lambda: _sees({"blue"}))


@pytest.mark.parametrize(
    "case", sorted(GOLDEN.glob("*.in.yaml")), ids=lambda path: path.name.removesuffix(".in.yaml")
)
def test_envoy_takes_what_a_golden_document_becomes(case: Path, tmp_path: Path) -> None:
    translation = translate_document(case.read_text())
    bootstrap = tmp_path / "envoy.json"
    bootstrap.write_text(json.dumps(as_static(translation)))

    options = ("--mode", "validate", "-c", str(bootstrap), "--log-level", "error")
    ended = subprocess.run(
        [str(find_envoy()), *options], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


async def test_envoys_end_with_a_lab_that_is_killed(
    tmp_path: Path,
) -> None:
    (tmp_path / "lab.py").write_text(_DYING)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(tmp_path / "lab.py"), str(tmp_path), PUBLIC),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert await process.wait() == -signal.SIGKILL

    await eventually(lambda: _pids(tmp_path) == [])


async def test_what_a_killed_lab_left_behind_is_ended_before_the_next_begins(
    tmp_path: Path,
) -> None:
    left = await asyncio.create_subprocess_exec("/bin/sleep", "60")
    (tmp_path / "rg.gw").mkdir()
    write_record(tmp_path / "rg.gw" / "0-1.pid", left.pid)

    async with lab(tmp_path):
        assert await left.wait() == -signal.SIGTERM
        assert not (tmp_path / "rg.gw" / "0-1.pid").exists()


_DYING = """
import asyncio, os, signal, sys
from pathlib import Path
from bascule.lab.arm.dataplane.envoy import find_envoy
from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.wall_clock import WallClock
from tests.support.arm_gateways import GATEWAY, gateway

async def main() -> None:
    plane = DataPlane(Path(sys.argv[1]), WallClock())
    await plane.open()
    await plane.apply(
        GATEWAY, gateway({"blue": []}), previous=None,
        frontend_addresses={"public": sys.argv[2]}, duration_s=0,
    )
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
_AWAY = ("redirectConfigurations", "away")


def _two_paths() -> Document:
    """Return what leads `/green*` to green and all else to blue."""
    paths = part(
        "paths",
        **to_pool("blue", default=True),
        pathRules=[part("green", paths=["/green*"], **to_pool("green"))],
    )
    return {
        "urlPathMaps": [paths],
        "requestRoutingRules": [rule("paths", 100, urlPathMap=ref("urlPathMaps", "paths"))],
    }


async def _status_line(path: str) -> bytes:
    """Ask over a connection of our own, as a client that never asks again; empty if it is cut."""
    reader, writer = await asyncio.open_connection(PUBLIC, PORT)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    try:
        return await reader.readline()
    finally:
        writer.close()


def _pids(directory: Path) -> list[ProcessRecord]:
    """Return the Envoys that run, as files name them."""
    records = (load_record(path) for path in sorted(directory.glob("*/*.pid")))
    return [record for record in records if record is not None]


def _readable_by_others(directory: Path) -> list[str]:
    return [str(path) for path in directory.rglob("*.json") if path.stat().st_mode & 0o077]


async def _sees(wanted: set[str]) -> bool:
    try:
        return await names(12) == wanted
    except aiohttp.ClientError:
        return False
