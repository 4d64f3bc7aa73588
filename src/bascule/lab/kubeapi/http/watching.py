"""Watch: the changes of one resource as a stream of JSON lines, seen through selectors."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.changes import Change, Subscription
from bascule.lab.kubeapi.http import answers, reading
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.http.formats import JSON, encode
from bascule.lab.kubeapi.http.paths import is_true
from bascule.lab.kubeapi.objects.statuses import StatusError

Object = dict[str, Any]

BOOKMARK_INTERVAL_S: Final = 60.0
BOOKMARK_BEFORE_END_S: Final = 1.5
DEFAULT_TIMEOUT_S: Final = 1800
CHUNK_BYTES_MAX: Final = 256 * 1024
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


class WatchCutError(Exception):
    """Somebody asked this watch to break off without a proper end."""


class OpenWatch:
    """A watch in progress, which fault injection may end in one of the ways that real ones end."""

    def __init__(self, call: Call, subscription: Subscription) -> None:
        self.call = call
        self._subscription = subscription
        self.is_torn = False
        self.last_words: Object | None = None

    def end(self) -> None:
        """End it properly, as a server does when its time is over."""
        self._subscription.close()

    def tear(self) -> None:
        """Break the connection off in the middle."""
        self.is_torn = True
        self._subscription.close()

    def expire(self) -> None:
        """End it with an ERROR event of code 410."""
        self.last_words = error_event(refusals.expired(0, self.call.store.resource_version))
        self._subscription.close()


class Watches:
    """All watches in progress."""

    def __init__(self) -> None:
        self._open: set[OpenWatch] = set()

    def add(self, watch: OpenWatch) -> None:
        """Count one in."""
        self._open.add(watch)

    def discard(self, watch: OpenWatch) -> None:
        """Count one out."""
        self._open.discard(watch)

    def select(self, is_selected: Callable[[Call], bool]) -> list[OpenWatch]:
        """Return those whose call is selected."""
        return [watch for watch in self._open if is_selected(watch.call)]


async def watch(call: Call, watches: Watches) -> web.StreamResponse:
    """Stream changes until the time is over, the client leaves, or the watch is cut."""
    select = reading.selection(call)
    since, initial = _start(call, select)
    response = web.StreamResponse()
    response.headers["Content-Type"] = JSON
    response.enable_chunked_encoding()
    answers.add_warnings(response, call.warnings)
    try:
        subscription = call.store.subscribe((call.resource,), since=since)
    except refusals.ExpiredError as error:
        await response.prepare(call.request)
        await response.write(encode(error_event(error)) + b"\n")
        return response
    await response.prepare(call.request)
    opened = OpenWatch(call, subscription)
    watches.add(opened)
    try:
        with subscription:
            await _write_lines(response, initial)
            try:
                await _stream(call, subscription, response, select)
            except refusals.ExpiredError as error:
                opened.last_words = error_event(error)
            if opened.last_words is not None:
                await response.write(encode(opened.last_words) + b"\n")
    finally:
        watches.discard(opened)
    if opened.is_torn:
        raise WatchCutError
    return response


def error_event(error: StatusError) -> Object:
    """Return the ERROR event that carries a Status."""
    return {"type": "ERROR", "object": error.to_status()}


def _start(call: Call, select: Callable[[Object], bool] | None) -> tuple[int, list[Object]]:
    """Return the version to go on from, and the events to send first."""
    text = call.query.get("resourceVersion", "")
    version = reading.parse_int(call, "resourceVersion")
    current = call.store.resource_version
    if version > current:
        raise refusals.too_large(version, current)
    wants_initial = is_true(call.query.get("sendInitialEvents"))
    if wants_initial:
        _check_initial(call)
    elif text not in {"", "0"}:
        return version, []
    elif call.query.get("sendInitialEvents") == "false":
        return current, []
    listing = call.store.list(call.resource, call.target.namespace, select=select)
    events = [{"type": "ADDED", "object": answers.shaped(call, obj)} for obj in listing.items]
    if wants_initial:
        events.append(_bookmark(call, current, annotations={INITIAL_EVENTS_END: "true"}))
    return current, events


def _check_initial(call: Call) -> None:
    if call.query.get("resourceVersionMatch") != "NotOlderThan":
        raise StatusError(
            "ListOptions.meta.k8s.io is invalid: resourceVersionMatch: Forbidden: "
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            code=422,
            reason="Invalid",
        )
    if not is_true(call.query.get("allowWatchBookmarks")):
        raise StatusError(
            "ListOptions.meta.k8s.io is invalid: allowWatchBookmarks: Forbidden: "
            "sendInitialEvents requires setting allowWatchBookmarks to true",
            code=422,
            reason="Invalid",
        )


async def _stream(
    call: Call,
    subscription: Subscription,
    response: web.StreamResponse,
    select: Callable[[Object], bool] | None,
) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + (reading.parse_int(call, "timeoutSeconds") or _default_timeout_s())
    bookmarks = is_true(call.query.get("allowWatchBookmarks"))
    next_bookmark = min(loop.time() + BOOKMARK_INTERVAL_S, end - BOOKMARK_BEFORE_END_S)
    while loop.time() < end:
        deadline = min(end, next_bookmark) if bookmarks else end
        try:
            async with asyncio.timeout_at(deadline):
                if not await subscription.wait():
                    return
        except TimeoutError:
            if bookmarks and loop.time() < end:
                await _write_lines(response, [_bookmark(call, call.store.resource_version)])
                next_bookmark = _after(loop.time(), end)
            continue
        events = [
            event
            for change in subscription.take()
            if (event := _event(call, change, select)) is not None
        ]
        await _write_lines(response, events)


def _after(now_s: float, end_s: float) -> float:
    last = end_s - BOOKMARK_BEFORE_END_S
    return min(now_s + BOOKMARK_INTERVAL_S, last) if now_s < last else end_s


def _default_timeout_s() -> float:
    return DEFAULT_TIMEOUT_S * (1 + random.SystemRandom().random())


def _event(call: Call, change: Change, select: Callable[[Object], bool] | None) -> Object | None:
    """Return the event as this watch sees it: leaving the selection is DELETED, entering ADDED."""
    if call.target.namespace and change.namespace != call.target.namespace:
        return None
    kind = change.type
    if select is not None:
        before = change.previous is not None and select(change.previous)
        after = change.type != "DELETED" and select(change.object)
        if not before and not after:
            return None
        kind = ("MODIFIED" if before else "ADDED") if after else "DELETED"
        if not after and change.previous is not None:
            version = {"resourceVersion": str(change.resource_version)}
            metadata = {**change.previous["metadata"], **version}
            last = {**change.previous, "metadata": metadata}
            return {"type": kind, "object": answers.shaped(call, last)}
    return {"type": kind, "object": answers.shaped(call, change.object)}


def _bookmark(call: Call, version: int, *, annotations: dict[str, str] | None = None) -> Object:
    metadata: Object = {"resourceVersion": str(version), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    obj: Object = {
        "kind": call.kind.kind,
        "apiVersion": call.kind.api_version(call.version.name),
        "metadata": metadata,
    }
    if call.wanted.shape == "table":
        table = answers.table_of(call, [], {"resourceVersion": str(version)})
        row = {"cells": [], "object": {**obj, **_PARTIAL}}
        return {"type": "BOOKMARK", "object": {**table, "rows": [row] if annotations else []}}
    if call.wanted.shape == "metadata":
        obj = {**obj, **_PARTIAL}
    return {"type": "BOOKMARK", "object": obj}


_PARTIAL: Final = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}


async def _write_lines(response: web.StreamResponse, events: list[Object]) -> None:
    chunk = bytearray()
    for event in events:
        chunk += encode(event)
        chunk += b"\n"
        if len(chunk) >= CHUNK_BYTES_MAX:
            await response.write(bytes(chunk))
            chunk.clear()
    if chunk:
        await response.write(bytes(chunk))
