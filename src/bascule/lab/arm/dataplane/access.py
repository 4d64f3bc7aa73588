"""The access log of one instance, read on again and again; names are those of the document."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bascule.lab.arm.dataplane.translate.backends import Backend

BYTES_MAX = 8 * 1024 * 1024
"""Beyond this the file is begun anew once it is read."""
READ_MAX = 4 * 1024 * 1024
"""So much is read at a time; the rest the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What Envoy wrote, with the pool, the settings and the server as the document calls them."""

    fields: Mapping[str, Any]
    pool: str = ""
    settings: str = ""
    server: str = ""
    """Address and port; empty where none was reached."""


class Scribe(Protocol):
    """Takes down what instances were asked."""

    def is_wanted(self, gateway_id: str) -> bool:
        """Whether anybody is to have this gateway's access log now."""
        ...

    def note(self, gateway_id: str, instance: str, requests: list[Request]) -> None:
        """Take down requests that an instance, such as `0-3` of the first place, has ended."""
        ...


@dataclass(slots=True)
class AccessLogFile:
    """Reads on in the log of one instance."""

    path: Path
    addresses: dict[tuple[str, str], str] = field(default_factory=dict)
    """The address of a server in the document, by Envoy's cluster and its real address."""
    _read: int = 0

    def learn(self, backends: Mapping[str, Backend]) -> None:
        """Know who stands behind the addresses of these backends."""
        for name, backend in backends.items():
            for server in backend.servers:
                self.addresses[name, server.real] = server.address

    def take(self) -> list[Request]:
        """Return what was written since the last time, without a line that is not whole."""
        try:
            with self.path.open("rb") as log:
                log.seek(self._read)
                found = log.read(READ_MAX)
        except OSError:
            return []
        whole = found.rfind(b"\n") + 1
        self._read += whole
        self._begin_anew()
        # Lines of bytes: a client may call itself by what ends a line of text, such as U+2028.
        lines = found[:whole].splitlines()
        return [self._name(json.loads(line.decode(errors="replace"))) for line in lines]

    def skip(self) -> None:
        """Pass over what was written since the last time."""
        if self.path.exists():
            self._read = self.path.stat().st_size
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Empty a file that grew long and is read to its end; Envoy goes on at the beginning."""
        if self._read > BYTES_MAX and self.path.stat().st_size == self._read:
            os.truncate(self.path, 0)
            self._read = 0

    def _name(self, fields: Mapping[str, Any]) -> Request:
        cluster = str(fields.get("cluster") or "")
        pool, _, settings = cluster.partition("~")
        real, _, port = str(fields.get("server") or "").rpartition(":")
        address = self.addresses.get((cluster, real), real)
        return Request(
            fields=fields,
            pool=pool,
            settings=settings,
            server=f"{address}:{port}" if real else "",
        )
