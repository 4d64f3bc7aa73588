"""A small Kubernetes client: the verbs that Bascule needs, on objects as plain JSON."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

import msgspec

from bascule.clock import Clock
from bascule.errors import ApiError, GoneError
from bascule.kube.api_warnings import ApiWarning
from bascule.kube.connection import Connection
from bascule.kube.errors import Status, build_api_error, transport_errors
from bascule.kube.lines import LineSplitter
from bascule.kube.resources import Resource
from bascule.kube.session import Call, ClientLimits, Session, log_warning

T = TypeVar("T")
RawObject = dict[str, object]
Keep = Callable[[RawObject], T]


def as_is(raw: RawObject) -> RawObject:
    """Keep an object as the API server sent it."""
    return raw


class PatchKind(StrEnum):
    """How a patch is meant; the values are the media types."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"


ITEMS_PER_TURN = 25
"""How many items of a list are passed through `keep` before other tasks get a turn."""
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which objects of a resource: `namespace` None means all of them."""

    namespace: str | None = None
    label_selector: str = ""
    field_selector: str = ""

    @property
    def params(self) -> dict[str, str]:
        """The query parameters that say so."""
        given = {"labelSelector": self.label_selector, "fieldSelector": self.field_selector}
        return {key: value for key, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How to write. `is_forced` takes fields over from other managers (server-side apply only)."""

    field_manager: str = "bascule"
    is_dry_run: bool = False
    is_forced: bool = False
    field_validation: str = ""
    """`Strict`, `Warn` or `Ignore`; empty leaves it to the server."""

    @property
    def params(self) -> dict[str, str]:
        """The query parameters that say so, without `force`."""
        params = {"fieldManager": self.field_manager}
        if self.is_dry_run:
            params["dryRun"] = "All"
        if self.field_validation:
            params["fieldValidation"] = self.field_validation
        return params


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """How to delete. With `uid`, only that very object is deleted, not a later one of its name."""

    propagation: str = "Background"
    uid: str = ""
    grace_s: int | None = None
    is_dry_run: bool = False


ALL = Selection()
PLAIN_WRITE = WriteOptions()
PLAIN_DELETION = Deletion()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """All objects of a resource at one moment, and the version to watch on from."""

    items: tuple[T, ...]
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVersion:
    """The answer of `/version`: `1`, `33`, `v1.33.2`."""

    major: str
    minor: str
    git_version: str


class WatchEvent(msgspec.Struct):
    """One line of a watch; `type` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: RawObject


class _ListMeta(msgspec.Struct, rename={"next_page": "continue", "version": "resourceVersion"}):
    version: str = ""
    next_page: str = ""


class _Page(msgspec.Struct):
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    items: list[RawObject] | None = None


class _Version(msgspec.Struct, rename="camel"):
    major: str = ""
    minor: str = ""
    git_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFrom:
    """Where a watch begins and how long it may last; the server ends it after `timeout_s`."""

    resource_version: str
    timeout_s: int
    silence_s: float


_EVENTS = msgspec.json.Decoder(WatchEvent)
_PAGES = msgspec.json.Decoder(_Page)
_OBJECTS = msgspec.json.Decoder(RawObject)
_VERSIONS = msgspec.json.Decoder(_Version)


class KubeClient:
    """One API server. An async context manager; all verbs raise ApiError or TransportError."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Clock,
        limits: ClientLimits | None = None,
        on_warning: Callable[[ApiWarning], None] = log_warning,
    ) -> None:
        self._limits = limits or ClientLimits()
        self._session = Session(connection, clock=clock, limits=self._limits, on_warning=on_warning)

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.__aexit__(kind, error, trace)

    async def version(self) -> ServerVersion:
        """Return the version that the server says it has."""
        found = await self._fetch(Call(method="GET", path="/version"), _VERSIONS)
        return ServerVersion(major=found.major, minor=found.minor, git_version=found.git_version)

    async def get(
        self, resource: Resource, name: str, *, namespace: str | None = None
    ) -> RawObject:
        """Return one object; raises NotFoundError."""
        return await self._object("GET", resource.path(namespace=namespace, name=name))

    async def list_all(
        self,
        resource: Resource,
        *,
        selection: Selection = ALL,
        keep: Keep[T],
    ) -> Listing[T]:
        """Return all objects, asked for in pages, each passed through `keep` as it arrives.

        A list that expires between two pages (410) is begun again in one piece.
        """
        try:
            return await self._list(resource, selection, self._limits.page_items_max, keep)
        except GoneError:
            return await self._list(resource, selection, 0, keep)

    async def watch(
        self, resource: Resource, start: WatchFrom, *, selection: Selection = ALL
    ) -> AsyncGenerator[Iterable[WatchEvent], None]:
        """Yield events as they arrive, several at once when they came so; first none.

        The first says that the server accepted the watch. Ends when the server ends it. An error
        in the stream raises what the same HTTP status would, while the events are iterated over;
        each is decoded only then, so that one at a time is in memory. A 429 is not waited out.
        """
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": start.resource_version,
            "timeoutSeconds": str(start.timeout_s),
            **selection.params,
        }
        path = resource.path(namespace=selection.namespace)
        call = Call(
            method="GET", path=path, params=params, silence_s=start.silence_s, is_patient=False
        )
        splitter = LineSplitter(self._limits.line_bytes_max)
        request = f"watch {path}"
        response = await self._session.open(call)
        async with response:
            yield ()
            with transport_errors(request):
                async for chunk in response.content.iter_any():
                    if lines := splitter.feed(chunk):
                        yield (_parse_event(line, request) for line in lines)

    async def create(
        self,
        resource: Resource,
        body: Mapping[str, object],
        *,
        options: WriteOptions = PLAIN_WRITE,
    ) -> RawObject:
        """Create an object and return it as stored; raises ConflictError if it exists."""
        namespace, _ = _place(body)
        return await self._object(
            "POST", resource.path(namespace=namespace), params=options.params, body=body
        )

    async def apply(
        self,
        resource: Resource,
        body: Mapping[str, object],
        *,
        options: WriteOptions = PLAIN_WRITE,
        subresource: str = "",
    ) -> RawObject:
        """Apply the fields of `body` (server-side apply) and return the object as stored.

        Raises ConflictError when another manager owns a field and `options` do not force.
        """
        namespace, name = _place(body)
        path = resource.path(namespace=namespace, name=name, subresource=subresource)
        params = {**options.params, "force": "true" if options.is_forced else "false"}
        return await self._object("PATCH", path, params=params, body=body, content_type=_APPLY)

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: object,
        *,
        kind: PatchKind = PatchKind.MERGE,
        namespace: str | None = None,
        options: WriteOptions = PLAIN_WRITE,
    ) -> RawObject:
        """Change an object by a patch of `kind` and return it as stored."""
        return await self._object(
            "PATCH",
            resource.path(namespace=namespace, name=name),
            params=options.params,
            body=patch,
            content_type=kind.value,
        )

    async def scale(
        self,
        resource: Resource,
        name: str,
        replicas: int,
        *,
        namespace: str | None = None,
        options: WriteOptions = PLAIN_WRITE,
    ) -> RawObject:
        """Set the number of replicas and return the Scale."""
        return await self._object(
            "PATCH",
            resource.path(namespace=namespace, name=name, subresource="scale"),
            params=options.params,
            body={"spec": {"replicas": replicas}},
            content_type=PatchKind.MERGE.value,
        )

    async def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str | None = None,
        deletion: Deletion = PLAIN_DELETION,
    ) -> RawObject:
        """Ask for a deletion; returns a Status, or the object while finalizers hold it."""
        body: dict[str, object] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": deletion.propagation,
        }
        if deletion.uid:
            body["preconditions"] = {"uid": deletion.uid}
        if deletion.grace_s is not None:
            body["gracePeriodSeconds"] = deletion.grace_s
        if deletion.is_dry_run:
            body["dryRun"] = ["All"]
        return await self._object(
            "DELETE", resource.path(namespace=namespace, name=name), body=body
        )

    async def _list(
        self, resource: Resource, selection: Selection, page_items_max: int, keep: Keep[T]
    ) -> Listing[T]:
        params = selection.params
        if page_items_max:
            params["limit"] = str(page_items_max)
        call = Call(method="GET", path=resource.path(namespace=selection.namespace), params=params)
        items: list[T] = []
        for _ in range(self._limits.pages_max):
            page = await self._fetch(call, _PAGES)
            raws = page.items or []
            for start in range(0, len(raws), ITEMS_PER_TURN):
                turn = raws[start : start + ITEMS_PER_TURN]
                items += [keep(_complete(raw, resource)) for raw in turn]
                await asyncio.sleep(0)
            if not page.metadata.next_page:
                return Listing(items=tuple(items), resource_version=page.metadata.version)
            params["continue"] = page.metadata.next_page
        raise ApiError(
            f"the list of {resource.plural} has more than {self._limits.pages_max} pages",
            remedy="the server repeats itself; check what answers at this address",
        )

    async def _object(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> RawObject:
        data = None if body is None else msgspec.json.encode(body)
        call = Call(
            method=method, path=path, params=params or {}, body=data, content_type=content_type
        )
        return await self._fetch(call, _OBJECTS)

    async def _fetch(self, call: Call, decoder: msgspec.json.Decoder[T]) -> T:
        response = await self._session.open(call)
        async with response:
            with transport_errors(f"{call.method} {call.path}"):
                return decoder.decode(await response.read())


def _complete(raw: RawObject, resource: Resource) -> RawObject:
    """Give a list's item its type, which API servers leave out there."""
    raw.setdefault("apiVersion", resource.api_version)
    raw.setdefault("kind", resource.kind)
    return raw


def _place(body: Mapping[str, object]) -> tuple[str | None, str]:
    metadata = cast("Mapping[str, str]", body.get("metadata") or {})
    return metadata.get("namespace"), metadata.get("name", "")


def _parse_event(line: bytes, request: str) -> WatchEvent:
    with transport_errors(request):
        event = _EVENTS.decode(line)
    if event.type == "ERROR":
        status = msgspec.convert(event.object, Status, strict=False)
        raise build_api_error(status.code or 500, status, request=request, headers={})
    return event
