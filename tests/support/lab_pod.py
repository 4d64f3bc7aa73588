"""One lab pod on a free port of 127.0.0.1, without a cluster around it."""

import asyncio
import socket
import time
from collections import Counter
from random import Random
from typing import Self

from bascule.lab.pods.answers import Answerer, Identity
from bascule.lab.pods.behaviour import Behaviour
from bascule.lab.pods.logs import ContainerLog
from bascule.lab.pods.server import Binding, PodServer


class LabPod:
    """Serves while it is entered."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._effects: Counter[str] = Counter()
        self._server: PodServer | None = None
        self.port = 0

    def effects(self) -> dict[str, int]:
        """Return the ledger."""
        return dict(self._effects)

    async def __aenter__(self) -> Self:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        identity = Identity(cluster=self._cluster, version="1.36", namespace="shop", name="web-1")
        answerer = Answerer(
            identity,
            Behaviour(),
            rng=Random(1),  # noqa: S311 — decides errors that this pod does not make
            record_effect=self._record,
        )
        self._server = PodServer(answerer, ContainerLog(time.time), loop=asyncio.get_running_loop())
        await self._server.start([Binding(8080, "127.0.0.1", self.port)])
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.begin_drain()
        self._server.abort()

    def _record(self, key: str) -> int:
        self._effects[key] += 1
        return self._effects[key]
