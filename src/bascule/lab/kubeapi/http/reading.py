"""Get and list: one object, or a page of a list that stays the same while it is paged through."""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.http import answers
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.http.features import Feature
from bascule.lab.kubeapi.objects import selectors
from bascule.lab.kubeapi.objects.statuses import StatusError, bad_request
from bascule.lab.kubeapi.store import Listing

Object = dict[str, Any]

PINNED_LISTS_MAX: Final = 64
"""Lists that are being paged through at once; the oldest one's next page is answered by 410."""


class _Page(msgspec.Struct):
    """What a continue token says: which pinned list, and where to go on."""

    pin: int
    start: int
    version: int


class PinnedLists:
    """Lists that clients are in the middle of; objects never change, so keeping one is cheap."""

    def __init__(self) -> None:
        self._lists: OrderedDict[int, list[Object]] = OrderedDict()
        self._next = 1

    def pin(self, items: list[Object]) -> int:
        """Keep a list and return its number."""
        number = self._next
        self._next += 1
        self._lists[number] = items
        if len(self._lists) > PINNED_LISTS_MAX:
            self._lists.popitem(last=False)
        return number

    def find(self, number: int) -> list[Object] | None:
        """Return the list of that number if it is still kept."""
        return self._lists.get(number)

    def clear(self) -> None:
        """Forget all lists, as a compaction would."""
        self._lists.clear()


def get(call: Call) -> web.Response:
    """Answer with one object."""
    obj = call.store.get(call.resource, call.target.name, call.target.namespace)
    return answers.answer(answers.shaped(call, obj), warnings=call.warnings)


def list_objects(call: Call, pinned: PinnedLists) -> web.Response:
    """Answer with a list, or one page of it."""
    limit = parse_int(call, "limit")
    token = call.query.get("continue", "")
    if token:
        listing, start, pin = _continued(token, pinned)
    else:
        listing, start, pin = _listing(call), 0, 0
    items = listing.items
    metadata: dict[str, Any] = {"resourceVersion": str(listing.resource_version)}
    end = start + limit if limit else len(items)
    if end < len(items):
        page = _Page(pin=pin or pinned.pin(items), start=end, version=listing.resource_version)
        metadata["continue"] = _encode_page(page)
        if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(items) - end
    body = answers.shaped_list(call, items[start:end], metadata)
    return answers.answer(body, warnings=call.warnings)


def selection(call: Call) -> Callable[[Object], bool] | None:
    """Return the predicate of the request's selectors and name, or None for everything."""
    label_text = call.query.get("labelSelector", "")
    field_text = call.query.get("fieldSelector", "")
    tests: list[Callable[[Object], bool]] = []
    if label_text and call.api.has(Feature.LABEL_SELECTORS):
        tests.append(selectors.parse_label_selector(label_text))
    if field_text and call.api.has(Feature.FIELD_SELECTORS):
        tests.append(selectors.parse_field_selector(field_text, call.kind.storage_resource))
    if call.target.name:
        name = call.target.name
        tests.append(lambda obj: bool(obj["metadata"]["name"] == name))
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else lambda obj: all(test(obj) for test in tests)


def parse_int(call: Call, parameter: str) -> int:
    """Return a query parameter as a number, 0 when it is absent; a StatusError 400 otherwise."""
    text = call.query.get(parameter, "")
    if not text:
        return 0
    if not text.lstrip("-").isdigit():
        raise bad_request(
            f'strconv.ParseInt: parsing "{text}": invalid syntax (query parameter {parameter})'
        )
    return int(text)


def _listing(call: Call) -> Listing:
    version = parse_int(call, "resourceVersion")
    match = call.query.get("resourceVersionMatch", "")
    current = call.store.resource_version
    if match and "resourceVersion" not in call.query:
        raise _match_refused("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match not in {"", "Exact", "NotOlderThan"}:
        raise _match_refused(f'resourceVersionMatch: Unsupported value: "{match}"')
    if version > current:
        raise refusals.too_large(version, current)
    select = selection(call)
    if match == "Exact" and version < current:
        return _past(call, version, select)
    return call.store.list(call.resource, call.target.namespace, select=select)


def _past(call: Call, version: int, select: Callable[[Object], bool] | None) -> Listing:
    """Return the list as it was, by undoing the changes since; ExpiredError if some are gone."""
    changes = call.store.feed.window(call.resource).since(version)
    listed = call.store.list(call.resource, call.target.namespace).items
    by_key = {
        (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]): obj for obj in listed
    }
    for change in reversed(changes):
        if call.target.namespace and change.namespace != call.target.namespace:
            continue
        key = (change.namespace, change.name)
        if change.previous is None:
            by_key.pop(key, None)
        else:
            by_key[key] = change.previous
    items = [obj for _, obj in sorted(by_key.items(), key=lambda pair: pair[0])]
    selected = [obj for obj in items if select is None or select(obj)]
    return Listing(items=selected, resource_version=version)


def _continued(token: str, pinned: PinnedLists) -> tuple[Listing, int, int]:
    try:
        page = msgspec.json.decode(base64.urlsafe_b64decode(token), type=_Page)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_request("continue key is not valid: illegal base64 data") from error
    items = pinned.find(page.pin)
    if items is None:
        raise refusals.ExpiredError(
            "The provided continue parameter is too old to display a consistent list result. "
            "You can start a new list without the continue parameter.",
            code=410,
            reason="Expired",
        )
    return Listing(items=items, resource_version=page.version), page.start, page.pin


def _encode_page(page: _Page) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(page)).decode()


def _match_refused(message: str) -> StatusError:
    return StatusError(message, code=400, reason="BadRequest")
