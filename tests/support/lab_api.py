"""A lab API server in this process, without controllers, and a client that speaks plain HTTP."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Self

import aiohttp
import msgspec

from bascule.lab.kubeapi.kinds import parse_minor
from bascule.lab.kubeapi.server import KubeApiServer
from bascule.lab.kubeapi.store import Store
from bascule.lab.kubeapi.store_log import StoreLog
from bascule.lab.wall_clock import WallClock

MERGE = "application/merge-patch+json"
COLLECTIONS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "Service": "/api/v1/namespaces/{}/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
}
"""What `create` makes."""


class Answer:
    """What came back: the status code, the headers, and the JSON."""

    def __init__(self, response: aiohttp.ClientResponse, content: bytes) -> None:
        self.code = response.status
        self.headers = response.headers
        self.text = content.decode()

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.text)


class LabApi:
    """Starts a server over the store in `directory`; entered it serves, left it is stopped."""

    def __init__(self, directory: Path, *, version: str = "1.36") -> None:
        self._directory = directory
        self.store = Store(
            clock=WallClock(),
            rng=Random(),  # noqa: S311 - names of objects
            minor=parse_minor(version),
            log=StoreLog(directory / "store"),
        )
        self.server = KubeApiServer(self.store, version=version, directory=directory / "pki")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self.server.start()
        connector = aiohttp.TCPConnector(ssl=self.client_context())
        self._session = aiohttp.ClientSession(base_url=self.server.url, connector=connector)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.server.stop()
        self.store.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    def client_context(self) -> ssl.SSLContext:
        access = self.server.access("test")
        paths = {}
        for name, content in (
            ("ca", access.authority_pem),
            ("crt", access.certificate_pem),
            ("key", access.key_pem),
        ):
            paths[name] = self._directory / f"client.{name}"
            paths[name].write_bytes(content)
        context = ssl.create_default_context(cafile=str(paths["ca"]))
        context.load_cert_chain(paths["crt"], paths["key"])
        return context

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send one request; keywords are headers, with `_` for `-`."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        async with self.session.request(
            method, path, data=None if body is None else data, headers=fields
        ) as response:
            return Answer(response, await response.read())

    async def create(self, raw: Mapping[str, Any]) -> None:
        """Make an object of `raw_objects` in its namespace."""
        metadata = {k: v for k, v in raw["metadata"].items() if k in {"name", "labels"}}
        namespace = raw["metadata"]["namespace"]
        answer = await self.ask(
            "POST", COLLECTIONS[raw["kind"]].format(namespace), {**raw, "metadata": metadata}
        )
        assert answer.code == 201, answer.text

    async def create_config(self, name: str, **labels: str) -> Any:
        """Create a ConfigMap in the namespace `default`."""
        metadata = {"name": name, "labels": labels}
        path = "/api/v1/namespaces/default/configmaps"
        answer = await self.ask("POST", path, {"metadata": metadata, "data": {"a": "b"}})
        assert answer.code == 201, answer.text
        return answer.json

    @asynccontextmanager
    async def watching(self, path: str) -> AsyncIterator["Watching"]:
        """Open a watch; leaving the block closes it."""
        async with self.session.get(path) as response:
            yield Watching(response)


class Watching:
    """An open watch."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> Any:
        """Return the next event, or None at the end."""
        line = await self.response.content.readline()
        return msgspec.json.decode(line) if line else None

    async def rest(self) -> list[Any]:
        """Return all events until the end."""
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events
