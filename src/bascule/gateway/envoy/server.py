"""The aggregated discovery service: keeps every connected Envoy at the published snapshot."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from bascule.errors import DriverError, StaleWriterError, UsageError
from bascule.gateway.envoy import protos
from bascule.gateway.envoy.session import Change, Rejection, Session
from bascule.gateway.envoy.snapshot import EMPTY_SNAPSHOT, Delta, Kind, Snapshot, diff_kind

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
REQUEST_BYTES_MAX = 64 * 1024 * 1024
KEEPALIVE_MS = 5_000
STREAMS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls:
    """Files for a server that Envoys elsewhere reach: its own pair, and who may call."""

    chain_file: Path
    key_file: Path
    client_ca_file: Path


def _let_pass() -> None:
    """Stand for a fence where there is no other owner."""


@dataclass(slots=True, eq=False)
class _Stream:
    session: Session
    wake: asyncio.Event


class AdsServer:
    """Serves delta ADS on a unix socket, or on TCP with mutual TLS and never without.

    `publish` sets what all Envoys should have; `wait_for` returns when they acknowledged it.
    `fence` is called right before anything is sent; once it has raised StaleWriterError nothing is
    sent any more, every stream is closed, and whoever calls or waits gets that error.
    """

    def __init__(self, fence: Callable[[], None] = _let_pass) -> None:
        self._fence = fence
        self._lapse: StaleWriterError | None = None
        self._lapsed = asyncio.Event()
        self._server: Any = None
        self._streams: set[_Stream] = set()
        self._waiters: set[asyncio.Event] = set()
        self._request: Any = protos.message("envoy.service.discovery.v3.DeltaDiscoveryRequest")
        self._response: Any = protos.message("envoy.service.discovery.v3.DeltaDiscoveryResponse")
        self.snapshot: Snapshot | None = None
        self._changes: dict[Kind, Change] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._server is not None:
            await self._server.stop(grace=None)

    async def listen_unix(self, path: Path) -> None:
        """Serve on a unix socket that only this user may open; a stale socket is replaced."""
        _remove(path)
        self._server = self._new_server()
        self._bind(f"unix:{path}", None)
        await self._server.start()
        _make_private(path)

    async def listen_tcp(self, address: str, tls: MutualTls) -> int:
        """Serve on `host:port` (port 0: a free one) and return the port."""
        try:
            pair = (tls.key_file.read_bytes(), tls.chain_file.read_bytes())
            ca = tls.client_ca_file.read_bytes()
        except OSError as error:
            raise UsageError(
                f"cannot read the certificate files of the xDS listener: {error}",
                remedy="give readable PEM files for its key, chain and client CA",
            ) from error
        credentials = grpc.ssl_server_credentials(
            [pair], root_certificates=ca, require_client_auth=True
        )
        self._server = self._new_server()
        port = self._bind(address, credentials)
        await self._server.start()
        return port

    def _bind(self, address: str, credentials: Any) -> int:
        try:
            if credentials is None:
                return int(self._server.add_insecure_port(address))
            return int(self._server.add_secure_port(address, credentials))
        except RuntimeError as error:
            raise UsageError(
                f"cannot serve xDS on {address}",
                remedy="see that nothing else listens there, and that the files of the "
                "certificates are PEM and belong together",
            ) from error

    def _new_server(self) -> Any:
        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
                ("grpc.max_send_message_length", -1),
                ("grpc.keepalive_time_ms", KEEPALIVE_MS),
                ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
                ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
                ("grpc.so_reuseport", 0),
            ],
            maximum_concurrent_rpcs=STREAMS_MAX,
        )
        handler = grpc.stream_stream_rpc_method_handler(
            self._serve,
            request_deserializer=self._request.FromString,
            response_serializer=self._response.SerializeToString,
        )
        method = grpc.method_handlers_generic_handler(
            SERVICE, {"DeltaAggregatedResources": handler}
        )
        server.add_generic_rpc_handlers((method,))
        return server

    async def _serve(self, requests: AsyncIterator[Any], context: Any) -> None:
        stream = _Stream(Session(), asyncio.Event())
        self._streams.add(stream)
        try:
            async with asyncio.TaskGroup() as tasks:
                parts = (
                    tasks.create_task(self._read(stream, requests)),
                    tasks.create_task(self._write(stream, context)),
                    tasks.create_task(self._lapsed.wait()),
                )
                await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                for part in parts:
                    part.cancel()
        finally:
            self._streams.discard(stream)
            self._notify()
        if self._lapse is not None:
            await context.abort(grpc.StatusCode.UNAVAILABLE, self._lapse.message)

    async def _read(self, stream: _Stream, requests: AsyncIterator[Any]) -> None:
        async for request in requests:
            stream.session.handle(request)
            stream.wake.set()
            self._notify()

    async def _write(self, stream: _Stream, context: Any) -> None:
        while True:
            await stream.wake.wait()
            stream.wake.clear()
            while (response := self._next_response(stream.session)) is not None:
                try:
                    self._require_owner()
                except StaleWriterError:
                    return
                await context.write(response)

    def _require_owner(self) -> None:
        """Raise StaleWriterError, now and ever after, once the fence has."""
        if self._lapse is None:
            try:
                self._fence()
            except StaleWriterError as error:
                self._lapse = error
                self._lapsed.set()
                self._notify()
        if self._lapse is not None:
            raise StaleWriterError(self._lapse.message, remedy=self._lapse.remedy)

    async def wait_for_lapse(self) -> None:
        """Raise StaleWriterError when another owner has taken over; wait for it for ever."""
        await self._lapsed.wait()
        self._require_owner()

    def _next_response(self, session: Session) -> Any:
        """Return the most urgent response: a switch goes ahead of whatever else is to be sent."""
        if self.snapshot is None:
            # An Envoy that outlived us keeps what it has until we know better.
            return None
        for kind in Kind:
            ready = session.next_delta(kind, self.snapshot, self._changes.get(kind))
            if ready is not None:
                return self._render(kind, *ready)
        return None

    def _render(self, kind: Kind, nonce: str, delta: Delta) -> Any:
        return self._response(
            type_url=kind.value,
            nonce=nonce,
            removed_resources=delta.removed,
            resources=[
                {
                    "name": r.name,
                    "version": r.version,
                    "resource": {"type_url": kind.value, "value": r.body},
                }
                for r in delta.changed
            ],
        )

    def publish(self, snapshot: Snapshot | None) -> None:
        """Make `snapshot` what every Envoy is to have, those that connect later included.

        None lets every Envoy keep what it has. What was refused before is tried once more where
        its kind changed. Raises StaleWriterError when another owner has taken over.
        """
        self._require_owner()
        before = self.snapshot or EMPTY_SNAPSHOT
        after = snapshot or EMPTY_SNAPSHOT
        self._changes = {
            kind: Change(before.of(kind), diff_kind(before.of(kind), after.of(kind)))
            for kind in Kind
            if before.of(kind) is not after.of(kind)
        }
        self.snapshot = snapshot
        for stream in self._streams:
            for kind in self._changes:
                stream.session.forgive(kind)
            stream.wake.set()

    def retry_refused(self) -> None:
        """Send what an Envoy refused once more."""
        for stream in self._streams:
            for rejection in stream.session.rejections():
                stream.session.forgive(rejection.kind)
            stream.wake.set()

    def _notify(self) -> None:
        for waiter in self._waiters:
            waiter.set()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions of the Envoys that are connected."""
        return tuple(stream.session for stream in self._streams)

    def nodes(self) -> Counter[str]:
        """Return how many Envoys are connected, by their node's name."""
        return Counter(session.node for session in self.sessions if session.node)

    async def wait_for_return(self, nodes: Counter[str]) -> None:
        """Return when all of `nodes` are connected, and who came back holds what is published.

        Who left may go on under what it had. Waits for ever: the caller sets the limit.
        """
        if nodes <= self.nodes():
            return

        def is_whole() -> bool:
            snapshot = self.snapshot or EMPTY_SNAPSHOT
            return nodes <= self.nodes() and all(
                session.is_current(kind, snapshot)
                for session in self.sessions
                for kind in (Kind.RUNTIME, Kind.ROUTES)
            )

        await self.wait_until(is_whole)

    async def wait_until(self, predicate: Callable[[], bool]) -> None:
        """Return when `predicate` holds; looked at after each message from an Envoy."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            while not predicate():
                if self._lapse is not None:
                    self._require_owner()
                waiter.clear()
                await waiter.wait()
        finally:
            self._waiters.discard(waiter)

    async def wait_for(
        self, expected: Mapping[Kind, Mapping[str, str | None]], *, instances_min: int = 1
    ) -> int:
        """Return how many Envoys hold the versions in `expected`, once all connected ones do.

        A version None means that the resource is gone. Waits for ever: the caller sets the limit.
        Raises DriverError when an Envoy that is behind refuses an update of one of these kinds.
        """

        def holds(session: Session) -> bool:
            return all(
                session.has_acknowledged(kind, name, version)
                for kind, versions in expected.items()
                for name, version in versions.items()
            )

        def is_done() -> bool:
            sessions = self.sessions
            behind = [session for session in sessions if not holds(session)]
            for rejection in (r for session in behind for r in session.rejections()):
                if rejection.kind in kinds:
                    raise refusal(rejection)
            return len(sessions) >= instances_min and not behind

        # Without its listener an Envoy never asks for the listener's routes.
        kinds = {*expected, *((Kind.LISTENER,) if Kind.ROUTES in expected else ())}
        await self.wait_until(is_done)
        return len(self._streams)

    def rejections(self) -> tuple[Rejection, ...]:
        """Return every refusal that stands."""
        return tuple(r for stream in self._streams for r in stream.session.rejections())


def refusal(rejection: Rejection) -> DriverError:
    """Return the error that tells a person about a refusal."""
    from bascule.redact import redact

    reason = redact(rejection.reason)
    if "Address already in use" in reason or "cannot bind" in reason:
        return DriverError(
            f"Envoy {rejection.node} cannot open a port: {reason}",
            remedy="stop what listens there, or change the listener's port",
        )
    what = rejection.kind.rpartition(".")[2]
    return DriverError(
        f"Envoy {rejection.node} refused a {what}: {reason}",
        remedy="the last good configuration stays; this is a bug in the translation, report it",
    )


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _make_private(path: Path) -> None:
    path.chmod(0o600)
