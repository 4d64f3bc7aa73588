"""A proxy that lets one COMMIT through to PostgreSQL and cuts the line before its answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

CHUNK_BYTES = 65_536


@dataclass(slots=True)
class CuttingProxy:
    """`arm` it, and the next COMMIT is the last that its connection says."""

    port: int = 0
    is_armed: bool = False

    def arm(self) -> None:
        self.is_armed = True

    async def carry(
        self,
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        is_cut = False

        async def ask() -> None:
            nonlocal is_cut
            while chunk := await near[0].read(CHUNK_BYTES):
                if self.is_armed and b"COMMIT\0" in chunk:
                    self.is_armed, is_cut = False, True
                far[1].write(chunk)
            far[1].write_eof()

        async def answer() -> None:
            while chunk := await far[0].read(CHUNK_BYTES):
                if is_cut:
                    break
                near[1].write(chunk)
            near[1].close()

        with contextlib.suppress(ConnectionError):
            await asyncio.gather(ask(), answer())


@asynccontextmanager
async def run_cutting_proxy(host: str, port: int) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy()
    carrying: set[asyncio.Event] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        finished = asyncio.Event()
        carrying.add(finished)
        far = await asyncio.open_connection(host, port)
        await proxy.carry((reader, writer), far)
        for each in (writer, far[1]):
            each.close()
            with contextlib.suppress(ConnectionError):
                await each.wait_closed()
        finished.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy
        for finished in carrying:
            await finished.wait()
