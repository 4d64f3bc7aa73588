"""Asks one Envoy, over the unix socket in its directory, how it is."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bascule.lab.arm.dataplane.discovery import ADMIN_SOCKET

TIMEOUT_S = 5.0


class EnvoySilentError(Exception):
    """An Envoy does not answer on its admin socket."""


class EnvoyAdmin:
    """The admin pages of the Envoy of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def is_ready(self) -> bool:
        """Say whether it has been told all and listens."""
        try:
            return (await self.fetch("/ready")).strip() == "LIVE"
        except EnvoySilentError:
            return False

    async def fetch_versions(self) -> Mapping[str, str]:
        """Return the versions in force, by the name of their statistic."""
        return _statistics(await self.fetch("/stats", type="TextReadouts", filter="version_text$"))

    async def fetch_numbers(self, names: str) -> Mapping[str, int]:
        """Return counters and gauges whose names match a regular expression."""
        found = _statistics(await self.fetch("/stats", filter=names))
        return {name: int(value) for name, value in found.items() if value.isdigit()}

    async def fetch_clusters(self) -> tuple[Mapping[str, Any], ...]:
        """Return the clusters and the state of each of their hosts."""
        text = await self.fetch("/clusters", format="json")
        return tuple(json.loads(text).get("cluster_statuses", ()))

    async def fetch(self, path: str, **query: str) -> str:
        """Return a page. Raises EnvoySilentError when Envoy does not answer."""
        try:
            with _short_path(self._directory) as socket:
                connector = aiohttp.UnixConnector(path=socket)
                timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
                async with (
                    aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                    session.get(f"http://envoy{path}", params=query) as answer,
                ):
                    return await answer.text()
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            raise EnvoySilentError(f"the Envoy of {self._directory} is silent: {error}") from error


@contextmanager
def _short_path(directory: Path) -> Iterator[str]:
    """Yield a path of the socket that fits the 107 bytes of a socket's address, however deep."""
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{ADMIN_SOCKET}"
    finally:
        os.close(descriptor)


def _statistics(text: str) -> dict[str, str]:
    pairs = (line.partition(": ") for line in text.splitlines())
    return {name: value.strip('"') for name, _, value in pairs}
