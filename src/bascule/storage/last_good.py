"""The last routing table that the gateway acknowledged, with its certificates: a cache on disk.

It lets a restarted runtime serve at once what was live. It is never the memory of an upgrade.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import msgspec

from bascule.errors import JournalError
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Host, RoutingTable

MAGIC = b"bascule last_good 1\n"
DIGEST_BYTES = 32
FILE_BYTES_MAX = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """A table whose resources were acknowledged, and the certificates that it names."""

    table: RoutingTable
    certificates: CertificateStore


@dataclass(frozen=True, slots=True)
class NoLastGood:
    """There is none, and why: there was never one, or the file is damaged."""

    reason: str


class LastGoodFile:
    """The file `last_good` of a state directory: 0600, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> LastGood | NoLastGood:
        """Return what was stored last; a damaged file is ignored, with the reason."""
        try:
            if self._path.stat().st_size > FILE_BYTES_MAX:
                return NoLastGood(f"{self._path} is too large to be ours")
            return _decode(self._path.read_bytes())
        except FileNotFoundError:
            return NoLastGood("nothing has been acknowledged yet")
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            return NoLastGood(f"{self._path} is damaged and ignored: {error}")

    def store(self, table: RoutingTable, certificates: CertificateStore) -> None:
        """Replace the file by these, durably. Raises JournalError if the disk does not take it."""
        payload = _encode(LastGood(table=table, certificates=certificates))
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            _write_durably(fresh, payload)
            fresh.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise JournalError(f"{self._path} cannot be written: {error.strerror}") from error


def _encode(last_good: LastGood) -> bytes:
    body = msgspec.msgpack.encode(last_good, enc_hook=_plain)
    return MAGIC + hashlib.sha256(body).digest() + body


def _decode(payload: bytes) -> LastGood:
    digest, body = _parts(payload)
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("its checksum is wrong")
    found = msgspec.msgpack.decode(body, type=LastGood)
    hosts = tuple(_sealed(host) for host in found.table.routes.hosts)
    routes = replace(found.table.routes, hosts=hosts)
    return replace(found, table=replace(found.table, routes=routes))


def _parts(payload: bytes) -> tuple[bytes, bytes]:
    if not payload.startswith(MAGIC):
        raise ValueError("it is of another version")
    body_start = len(MAGIC) + DIGEST_BYTES
    return payload[len(MAGIC) : body_start], payload[body_start:]


def _sealed(host: Host) -> Host:
    """Give the routes the read-only mappings that they were stored with, so that digests agree."""
    routes = tuple(replace(r, extensions=MappingProxyType(dict(r.extensions))) for r in host.routes)
    return replace(host, routes=routes)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} is not part of a routing table")


def _write_durably(path: Path, payload: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
