"""A gateway of the lab's Azure in one process, on a clock that moves when told to.

A client of ours talks to it without sockets, and somebody else writes the same gateway.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from typing_extensions import override

from bascule.azure.client import ArmClient
from bascule.azure.clouds import Cloud
from bascule.azure.credentials import Token
from bascule.azure.errors import NoAnswerError
from bascule.azure.pipeline import Answer, Pipeline
from bascule.gateway.appgw.operations import BegunOperation, OperationLog, WatchedWrite
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.ownership import Owns
from bascule.lab.arm.front import AnswerLostError, RawRequest, parse_query
from bascule.lab.arm.requests import ArmReply
from bascule.lab.supervisor.description import AzureDescription
from tests.support.agic_document import build_agic_gateway
from tests.support.lab_azure import URL, AzureUser, running_azure
from tests.support.virtual_clock import VirtualClock

LOCATION = "chinanorth2"
LONGER_S = 1_400.0
"""Longer than any operation on a gateway takes, shorter than a token lives."""
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OWNS = Owns(prefix="bsc-", owner="shop")
_AGIC = partial(build_agic_gateway, cluster_id="")
Document = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class App:
    """Who somebody else is."""

    app_id: str
    secret: str


class _NoCredential:
    async def get_token(self, scope: str, *, claims: str = "", is_refused: bool = False) -> Token:
        raise AssertionError(f"nobody asks for a token of {scope}: {claims} {is_refused}")

    async def close(self) -> None:
        """Nothing is open."""


class FrontPipeline(Pipeline):
    """Hands requests to a lab's Azure in this process. `on_send` sees each before it is sent."""

    def __init__(self, user: AzureUser) -> None:
        self._user = user
        self.sent: list[tuple[str, str, Mapping[str, str]]] = []
        self.on_send: Callable[[str, str], Any] | None = None

    @override
    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        silence_s: float,
        request: str,
    ) -> Answer:
        parts = urlsplit(url)
        self.sent.append((method, parts.path, headers))
        if self.on_send is not None:
            await self.on_send(method, parts.path)
        raw = RawRequest(
            method=method,
            path=parts.path,
            query=parse_query(parts.query),
            headers={**headers, "authorization": f"Bearer {self._user.token}"},
            body=body or b"",
        )
        try:
            reply = await self._user.azure.front.answer(raw)
        except AnswerLostError:
            raise NoAnswerError(f"{request}: cut off", is_sent=True) from None
        named = {name.lower(): value for name, value in reply.headers.items()}
        content = b"" if reply.body is None else msgspec.json.encode(reply.body)
        return Answer(status=reply.status, headers=named, body=content)

    def puts(self, gateway_id: str) -> int:
        """Return how many PUTs of the gateway were sent."""
        return sum(1 for method, path, _ in self.sent if (method, path) == ("PUT", gateway_id))


class MemoryOperationLog(OperationLog):
    """Keeps operations for as long as a test needs them."""

    def __init__(self) -> None:
        self.kept: dict[str, BegunOperation] = {}
        self.looked_after: dict[str, WatchedWrite] = {}
        self.all_ids: list[str] = []

    @override
    def record(self, operation: BegunOperation) -> None:
        self.kept[operation.correlation_id] = operation
        self.all_ids.append(operation.correlation_id)

    @override
    def forget(self, correlation_id: str) -> None:
        self.kept.pop(correlation_id, None)

    @override
    def unfinished(self) -> tuple[BegunOperation, ...]:
        return tuple(self.kept.values())

    @override
    def ids(self) -> tuple[str, ...]:
        return tuple(self.all_ids)

    @override
    def watch(self, write: WatchedWrite) -> None:
        self.looked_after[write.correlation_id] = write

    @override
    def unwatch(self, correlation_id: str) -> None:
        self.looked_after.pop(correlation_id, None)

    @override
    def watched(self) -> tuple[WatchedWrite, ...]:
        return tuple(self.looked_after.values())


@dataclass(kw_only=True)
class GatewayLab:
    """One gateway with AGIC's document, ours and somebody else's hands on it."""

    ours: AzureUser
    other: AzureUser
    other_app: "App"
    gateway_id: str
    log: MemoryOperationLog = field(default_factory=MemoryOperationLog)
    fenced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client, self.pipeline = self.make_client()
        self.writer = self.make_writer()

    @property
    def clock(self) -> VirtualClock:
        return self.ours.clock

    def make_client(self) -> tuple[ArmClient, FrontPipeline]:
        """Return a client of ours, and what it sends through."""
        cloud = Cloud(name="lab", resource_manager=URL, login=URL, audience=URL, is_custom=True)
        client = ArmClient(cloud, _NoCredential(), clock=self.clock)
        pipeline = FrontPipeline(self.ours)
        client._session._opened = pipeline
        return client, pipeline

    def make_writer(self, *, limit_s: float = 1_800.0, owns: Owns = OWNS) -> GatewayWriter:
        """Return another writer, as after a restart; what is remembered is the same."""
        return GatewayWriter(
            self.client,
            self.gateway_id,
            clock=self.clock,
            operations=self.log,
            owns=owns,
            fence=lambda: self.fenced.append("asked"),
            limit_s=limit_s,
        )

    async def get(self) -> Any:
        """Return the gateway as Azure shows it."""
        reply = await self.other.ask("GET", self.gateway_id)
        assert reply.status == 200, reply.body
        return reply.body

    async def put_other(self, body: Mapping[str, Any], **headers: str) -> ArmReply:
        """Write the gateway as somebody else."""
        reply = await self.other.ask("PUT", self.gateway_id, body, headers=headers)
        assert reply.status < 300, reply.body
        return reply

    async def add_pool_of_other(self, name: str, address: str = "10.9.9.9") -> None:
        """Let somebody else read the gateway, add a pool, and write it."""
        await self.put_other(with_pool(await self.get(), name, address))

    async def settle(self, seconds: float = LONGER_S) -> None:
        """Let what has begun come to its end."""
        await self.clock.advance(seconds)
        await self.sign_in()

    async def sign_in(self) -> None:
        """Let both have tokens that are new."""
        await self.ours.sign_in()
        await self.other.sign_in(self.other_app.app_id, self.other_app.secret)

    async def fault(self, **rule: Any) -> None:
        """Order a fault of the lab."""
        reply = await self.ours.manage("POST", "faults", rule)
        assert reply.status == 201, reply.body

    async def drive(self, work: Coroutine[object, object, T]) -> T:
        """Run `work` to its end, the clock jumping ahead; what it raises comes as it is."""
        try:
            return await self.clock.drive(work)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def clear_faults(self) -> None:
        """End all faults."""
        reply = await self.ours.manage("DELETE", "faults")
        assert reply.status == 200, reply.body

    def before_our_put(self, act: Callable[[], Awaitable[None]], *, times: int = 1) -> None:
        """Let something happen after we have read and before our PUT arrives."""
        left = times

        async def on_send(method: str, path: str) -> None:
            nonlocal left
            if method == "PUT" and path == self.gateway_id and left:
                left -= 1
                await act()

        self.pipeline.on_send = on_send

    def while_we_read(self, act: Callable[[], Awaitable[None]], *, lasts_s: float) -> None:
        """Let something happen after we have asked for the gateway, and the answer come later."""
        is_done = False

        async def on_send(method: str, path: str) -> None:
            nonlocal is_done
            if method == "GET" and path == self.gateway_id and not is_done:
                is_done = True
                await act()
                await self.clock.sleep_until(self.clock.monotonic_s() + lasts_s)

        self.pipeline.on_send = on_send

    @property
    def puts(self) -> int:
        """How many PUTs of the gateway we have sent, those that were refused too."""
        return self.pipeline.puts(self.gateway_id)


def with_pool(document: Mapping[str, Any], name: str, *addresses: str) -> Document:
    """Return a document with a pool, in the place of one that has the name."""
    pool = {
        "name": name,
        "properties": {"backendAddresses": [{"ipAddress": each} for each in addresses]},
    }
    properties = document["properties"]
    pools = [each for each in properties["backendAddressPools"] if each["name"] != name]
    return {**document, "properties": {**properties, "backendAddressPools": [*pools, pool]}}


def pools_of(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the addresses in each pool."""
    return {
        pool["name"]: [each["ipAddress"] for each in pool["properties"]["backendAddresses"]]
        for pool in document["properties"]["backendAddressPools"]
    }


@asynccontextmanager
async def gateway_lab(
    *,
    if_match: Literal["honour", "ignore"] = "honour",
    latency_model: Literal["fast", "real"] = "real",
    seed: int = 7,
    build: Callable[..., Document] = _AGIC,
    clock: VirtualClock | None = None,
    directory: Path | None = None,
) -> AsyncIterator[GatewayLab]:
    """Yield a lab whose gateway AGIC, or another one, has written; with a directory it serves."""
    description = AzureDescription(seed=seed, if_match=if_match, latency_model=latency_model)
    async with running_azure(description, clock=clock, directory=directory) as ours:
        gateway_id = await _make_gateway(ours, build)
        lab = GatewayLab(
            ours=ours,
            other=AzureUser(azure=ours.azure, clock=ours.clock),
            other_app=await _somebody_else(ours),
            gateway_id=gateway_id,
        )
        await lab.sign_in()
        yield lab


async def _make_gateway(user: AzureUser, build: Callable[..., Document]) -> str:
    net = f"{await user.make_group('AKS_Upgrade', LOCATION)}/providers/Microsoft.Network"
    subnet = {"name": "AppGwSubnet", "properties": {"addressPrefix": "10.1.0.0/16"}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}, "subnets": [subnet]}
    address = {"publicIPAllocationMethod": "Static"}
    await _put(user, f"{net}/virtualNetworks/AksVnet", {"properties": space})
    await _put(
        user,
        f"{net}/publicIPAddresses/ip",
        {"sku": {"name": "Standard"}, "properties": address},
    )
    gateway_id = f"{net}/applicationGateways/AppGateway"
    body = build(
        gateway_id,
        subnet_id=f"{net}/virtualNetworks/AksVnet/subnets/AppGwSubnet",
        address_id=f"{net}/publicIPAddresses/ip",
    )
    await _put(user, gateway_id, body)
    return gateway_id


async def _put(user: AzureUser, path: str, body: Mapping[str, Any]) -> None:
    reply = await user.ask("PUT", path, {"location": LOCATION, **body})
    assert reply.status < 300, reply.body
    await user.clock.advance(LONGER_S)
    await user.sign_in()


async def _somebody_else(user: AzureUser) -> App:
    directory = user.azure.directory
    application = directory.add_application("somebody-else")
    principal = directory.add_service_principal(application["appId"])
    _, secret = directory.add_secret(application["appId"])
    role = f"{user.subscription}/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"
    assignment = f"{user.subscription}/providers/Microsoft.Authorization/roleAssignments/{uuid4()}"
    properties = {
        "roleDefinitionId": role,
        "principalId": principal["id"],
        "principalType": "ServicePrincipal",
    }
    reply = await user.ask("PUT", assignment, {"properties": properties})
    assert reply.status == 201, reply.body
    return App(app_id=application["appId"], secret=secret)
