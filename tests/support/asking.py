"""Requests through a gateway on a fixed schedule, each told apart, and who answered each of them.

Each is made on a connection of its own and none is ever repeated, so what a user would see is seen.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.site import HOST
from tests.support.waiting import eventually

RATE = 100.0
LOOPBACK = "127.0.0.1"
PATHS = ("/", "/", "/", "/cart")
"""Asked in turn."""
REQUEST_LIMIT_S = 5.0
OPEN_MAX = 2_000
"""So many requests may be open at once; the load is wrong if there are more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request: when it was sent and ended (wall clock), and which cluster answered."""

    number: int
    sent_at: float
    ended_at: float
    cluster: str
    error: str = ""


class WrongAnswerError(ValueError):
    """An answer that no user should get, and from which cluster."""

    def __init__(self, problem: str, cluster: str) -> None:
        super().__init__(problem)
        self.cluster = cluster


@dataclass(slots=True)
class Load:
    """Requests on a fixed schedule, numbered as `?n=`."""

    port: int
    rate: float = RATE
    address: str = LOOPBACK
    answers: list[Answer] = field(default_factory=list)
    sent: int = 0
    is_over: bool = False

    @property
    def failures(self) -> tuple[Answer, ...]:
        """Return the requests without a right answer."""
        return tuple(answer for answer in self.answers if answer.error)

    async def run(self) -> None:
        """Ask until `is_over`, then wait for what is still open."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        async with asyncio.TaskGroup() as group:
            while not self.is_over:
                assert self.sent - len(self.answers) < OPEN_MAX, "too many requests are open"
                group.create_task(self._ask(self.sent))
                self.sent += 1
                await asyncio.sleep(max(0.0, start_s + self.sent / self.rate - loop.time()))

    async def _ask(self, number: int) -> None:
        sent_at = time.time()
        cluster, error = "", ""
        try:
            async with asyncio.timeout(REQUEST_LIMIT_S):
                cluster = await ask(
                    self.port, PATHS[number % len(PATHS)], number, address=self.address
                )
        except WrongAnswerError as failure:
            cluster, error = failure.cluster, str(failure)
        except (OSError, TimeoutError, ValueError) as failure:
            error = str(failure) or type(failure).__name__
        self.answers.append(
            Answer(
                number=number,
                sent_at=sent_at,
                ended_at=time.time(),
                cluster=cluster,
                error=error,
            )
        )


async def ask(port: int, path: str = "/", number: int = 0, *, address: str = LOOPBACK) -> str:
    """Return which cluster gives the right answer. Raises OSError or ValueError when none does."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        target = f"{path}?n={number}"
        writer.write(f"GET {target} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        head, _, body = (await reader.read()).decode(errors="replace").partition("\r\n\r\n")
    finally:
        writer.close()
    status, *lines = head.split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    cluster = headers.get("x-lab-cluster", "")
    if " 200 " not in f"{status} ":
        raise WrongAnswerError(f"answered {status!r}", cluster)
    said = json.loads(body)["path"]
    if said != path:
        raise WrongAnswerError(f"{path} was answered as {said}", cluster)
    return cluster


@asynccontextmanager
async def under_load(
    port: int, *, rate: float = RATE, address: str = LOOPBACK
) -> AsyncIterator[Load]:
    """Ask through the gateway while the block runs; what is still open at its end is awaited."""
    load = Load(port, rate, address)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        await eventually(lambda: len(load.answers) > RATE / 10)
        yield load
        load.is_over = True
