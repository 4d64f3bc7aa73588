"""Plays an Envoy at the other end of an xDS socket: takes what it is sent, answers when told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import grpc.aio

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.server import SERVICE
from bascule.gateway.envoy.snapshot import Kind
from bascule.gateway.envoy.stance import LAYER_NAME


class StubEnvoy:
    """One stream. `is_mute` holds acknowledgements back; `unanswered` counts those held back.

    `received` counts messages; `has_ended` is whether the other end has closed the stream.
    """

    def __init__(self, node: str, call: Any) -> None:
        self.node = node
        self.is_mute = False
        self.unanswered = 0
        self.received = 0
        self.has_ended = False
        self._call = call
        self._request = protos.message("envoy.service.discovery.v3.DeltaDiscoveryRequest")

    async def subscribe(self) -> None:
        await self._say(Kind.RUNTIME, resource_names_subscribe=[LAYER_NAME])
        await self._say(Kind.CLUSTER)
        await self._say(Kind.LISTENER)
        await self._say(Kind.ROUTES, resource_names_subscribe=["http"])

    async def work(self) -> None:
        """Answer until the stream ends."""
        try:
            await self._answer_all()
        except grpc.aio.AioRpcError:
            self.has_ended = True

    async def _answer_all(self) -> None:
        async for response in self._call:
            self.received += 1
            kind = Kind(response.type_url)
            if self.is_mute:
                self.unanswered += 1
                continue
            await self._say(kind, response_nonce=response.nonce)
            if kind is Kind.CLUSTER:
                names = [resource.name for resource in response.resources]
                await self._say(Kind.ENDPOINTS, resource_names_subscribe=names)

    def leave(self) -> None:
        """Break the stream off."""
        self._call.cancel()

    async def _say(self, kind: Kind, **fields: Any) -> None:
        """Say something; whoever reads the stream learns that the other end has closed it."""
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._call.write(
                self._request(type_url=kind.value, node={"id": self.node}, **fields)
            )


@asynccontextmanager
async def stub_envoy(socket: Path, node: str = "envoy-1") -> AsyncIterator[StubEnvoy]:
    """Connect a stub to the server at `socket` for as long as the block runs."""
    response = protos.message("envoy.service.discovery.v3.DeltaDiscoveryResponse")
    async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:
        method = channel.stream_stream(
            f"/{SERVICE}/DeltaAggregatedResources",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        stub = StubEnvoy(node, method())
        await stub.subscribe()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(stub.work())
            try:
                yield stub
            finally:
                stub.leave()
                task.cancel()
