"""The lab's Azure over real sockets, and as its verbs start and end it."""

import asyncio
import io
import os
import signal
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from typing_extensions import override

from bascule.cli.main import main
from bascule.errors import UsageError
from bascule.lab.arm.assembly import Ground, LabAzure
from bascule.lab.arm.entra.issuers import HttpIssuers
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.server import ADDRESS, ArmServer
from bascule.lab.arm.world import Provider
from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.supervisor import control
from bascule.lab.supervisor.azure import AzureAccess, ask_azure, load_access
from bascule.lab.supervisor.description import AzureDescription, LabDescription, LabDirectory
from bascule.lab.supervisor.processes import is_alive, load_record
from bascule.lab.wall_clock import WallClock
from tests.support.azure_place import azure_place
from tests.support.waiting import eventually

VERSION = {"api-version": "2024-11-01"}
CONNECTIONS = 100


class Client:
    """Asks over HTTPS, trusting the lab's authority alone."""

    def __init__(self, session: aiohttp.ClientSession, url: str, tls: ssl.SSLContext) -> None:
        self._session = session
        self.url = url
        self._tls = tls
        self.headers: dict[str, str] = {}

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        given: dict[str, Any] = {"params": VERSION, "headers": self.headers, "ssl": self._tls}
        async with self._session.request(method, self.url + path, **(given | more)) as response:
            content = await response.read()
        return response.status, msgspec.json.decode(content) if content else None

    async def sign_in(self, tenant: str, app_id: str, secret: str) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": app_id,
            "client_secret": secret,
            "scope": f"{self.url}/.default",
        }
        _, body = await self.ask("POST", f"/{tenant}/oauth2/v2.0/token", data=form)
        self.headers = {"Authorization": f"Bearer {body['access_token']}"}


class BrokenProvider(Provider):
    """Has a mistake in it."""

    namespace = "Microsoft.Broken"

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        raise ZeroDivisionError


@asynccontextmanager
async def client(url: str, authority: Path) -> AsyncIterator[Client]:
    tls = ssl.create_default_context(cafile=str(authority))
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session, url, tls)


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[LabAzure, Client, int]]:
    """Yield an Azure behind real sockets in this process, and somebody signed in."""
    clock = WallClock()
    certificates = Certificates(home / "pki", clock=clock, address=ADDRESS)
    context = certificates.server_context()
    context.verify_mode = ssl.CERT_NONE
    server = ArmServer(context)
    port, imds_port = await server.open(0, 0)
    ground = Ground(
        clock=clock,
        url=f"https://localhost:{port}",
        signing_key=certificates.token_key,
        make_secret=lambda: "a secret",
        issuer_keys=HttpIssuers(certificates.authority_pem).keys,
        entropy=b"a test",
    )
    azure = LabAzure(AzureDescription(), ground)
    identity = azure.identity
    async with (
        azure.running(),
        client(ground.url, home / "pki/ca.crt") as somebody,
    ):
        server.serve(azure)
        try:
            await somebody.sign_in(identity.tenant_id, identity.first_app_id, identity.first_secret)
            yield azure, somebody, imds_port
        finally:
            await server.close()


async def test_requests_come_and_answers_go_over_https(tmp_path: Path) -> None:
    async with served(tmp_path) as (azure, somebody, imds_port):
        group = f"/subscriptions/{azure.identity.subscription_id}/resourceGroups/shop"
        made = await somebody.ask("PUT", group, json={"location": "eastus"})
        head = await somebody.ask("HEAD", group)
        answers = await asyncio.gather(*(somebody.ask("GET", group) for _ in range(CONNECTIONS)))
        large = msgspec.json.encode({"location": "eastus", "tags": {"large": "x" * 2_000_000}})
        kept = await somebody.ask("PUT", group, data=io.BytesIO(large))
        azure.dispatcher.add(BrokenProvider())
        broken = await somebody.ask("GET", f"{group}/providers/Microsoft.Broken/things/one")
        lost = {"x-lab-secret": azure.identity.admin_secret}
        rule = {"kind": "lose", "method": "PUT", "path": "two", "times": 2}
        await somebody.ask("POST", "/lab/faults", json=rule, headers=lost)
        with pytest.raises(aiohttp.ClientConnectionError):
            await somebody.ask("PUT", group + "-two", json={"location": "eastus"})
        after = await somebody.ask("GET", group + "-two")
        imds = Client(somebody._session, f"http://{ADDRESS}:{imds_port}", somebody._tls)
        asked = {"resource": somebody.url}
        token = await imds.ask(
            "GET", "/metadata/identity/oauth2/token", params=asked, headers={"Metadata": "true"}
        )

    assert (made[0], head, kept[0]) == (201, (204, None), 200)
    assert {status for status, _ in answers} == {200}
    assert after[0] == 200
    assert token[1]["resource"] == somebody.url
    assert (broken[0], broken[1]["error"]["code"]) == (500, "InternalServerError")


async def test_the_keys_of_an_issuer_are_fetched_and_one_that_is_silent_has_none(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as (azure, somebody, _):
        issuers = HttpIssuers((tmp_path / "pki/ca.crt").read_bytes())
        found = await issuers.keys(f"{somebody.url}/{azure.identity.tenant_id}/v2.0")
        none = await issuers.keys("https://localhost:1/")

    assert [key["kty"] for key in found] == ["EC"]
    assert none == ()


@pytest.mark.timeout(240)  # other tests may have the machine's one place for an Azure
async def test_a_lab_with_an_azure_comes_back_after_a_kill_and_goes_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path), "PATH": "/usr/bin"}
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    wanted = AzureDescription(latency_model="real", speed=50)
    lab = LabDescription(name="lab", clusters=(), azure=wanted)
    async with azure_place():
        status = await control.bring_up(lab, environment)
        directory = control.find_lab("lab", environment)
        try:
            assert status.azure is not None
            assert (status.state, status.azure.state) == ("running", "running")
            await _check_verbs(capsys)
            access = load_access(directory)
            _check_files(directory, access, environment)
            group = f"/subscriptions/{access.subscription_id}/resourceGroups/shop"
            async with client(access.url, directory.authority) as somebody:
                await somebody.sign_in(access.tenant_id, access.client_id, access.client_secret)
                assert (await somebody.ask("PUT", group, json={"location": "eastus"}))[0] == 201
            with pytest.raises(UsageError, match="another lab with --azure"):
                await control.bring_up(msgspec.structs.replace(lab, name="two"), environment)
            assert not (tmp_path / "bascule/lab/two").exists()

            assert status.azure.pid is not None
            os.kill(status.azure.pid, signal.SIGKILL)
            await eventually(lambda: control.status_of(directory).state == "degraded")
            again = await control.bring_up(lab, environment)

            assert again.azure is not None
            assert again.azure.pid != status.azure.pid
            assert again.azure.url == status.azure.url
            async with client(access.url, directory.authority) as somebody:
                await somebody.sign_in(access.tenant_id, access.client_id, access.client_secret)
                assert (await somebody.ask("GET", group))[0] == 200
            counts = await ask_azure(directory, "GET", "requests")
            assert (counts["reads"], counts["writes"]) == (1, 0)
            supervisor, left = load_record(directory.pid), load_record(directory.azure_pid)
            assert supervisor is not None
            os.kill(supervisor.pid, signal.SIGKILL)
            await eventually(lambda: control.status_of(directory).state == "degraded")
        finally:
            await control.take_down(directory, keeps_data=False)
    assert left is not None
    assert not is_alive(left)
    assert not directory.path.exists()


def _check_files(directory: LabDirectory, access: AzureAccess, environment: dict[str, str]) -> None:
    for path in (directory.azure_access, directory.azure_secret, directory.azure / "state.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    exports = control.shell_exports(directory, environment)
    assert exports["AZURE_CLIENT_SECRET"] == access.client_secret
    assert exports["AZURE_AUTHORITY_HOST"] == access.url
    assert exports["SSL_CERT_FILE"] == exports["REQUESTS_CA_BUNDLE"] == str(directory.authority)
    assert (directory.azure_config / "clouds.config").exists()


async def _check_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    async def call(*arguments: str, code: int = 0) -> str:
        assert await asyncio.to_thread(main, ["lab", *arguments]) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    assert "running  real     0         0         https://localhost:" in await call("status")
    assert "running  real" in await call("up", "--azure")
    assert "without clusters" in await call("up", "--azure", "--shop", code=2)
    assert "other settings" in await call("up", "--speed", "2", code=2)
    exports = await call("env")
    assert "export AZURE_SUBSCRIPTION_ID=" in exports
    assert 'export AZURE_CLIENT_SECRET="$(cat ' in exports
    assert "is in force" in await call("fault", "add", "error", "--path", "x", "--times", "1")
    assert "f1     error  any     x     1     1     0" in await call("fault", "list")
    assert "seconds" in await call("fault", "add", "busy", code=5)
    assert "Faults ended: 1." in await call("fault", "clear", "f1")
    assert "No fault" in await call("fault", "list")
    assert "all     0      0" in await call("requests", "--clear")
    assert "with --azure" in await call("up", "--name", "none", "--speed", "2", code=2)
    assert "there is no lab" in await call("fault", "list", "--name", "none", code=2)
