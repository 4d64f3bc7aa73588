"""Reads every shape in which Azure says no.

ARM wraps `error` around code, message and details; AKS leaves the wrapping out; sign-in answers
`error` and `error_description`; gateways on the way answer plain text or HTML.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import cast

from bascule.azure.document import Document, list_at, object_at, text_at, value_at
from bascule.redact import redact

MESSAGE_MAX = 1_000
DEPTH_MAX = 8
"""How deep details may be nested before the rest is left unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is no. `codes`: the error's own and those of its details, outermost first."""

    status: int
    codes: tuple[str, ...] = ()
    message: str = ""
    target: str = ""
    policies: tuple[str, ...] = ()
    """The policies that refused, by the names that people gave them."""
    offered: tuple[str, ...] = ()
    """The api-versions that there are, where the one asked for is none of them; oldest first."""
    retry_after_s: float | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    """What Azure's support asks for: request and correlation id."""
    is_readable: bool = True
    """Whether it came as JSON, that is from Azure and not from something on the way."""

    @property
    def code(self) -> str:
        """The error's own code; empty where none came."""
        return self.codes[0] if self.codes else ""


def parse_refusal(status: int, body: bytes, headers: Mapping[str, str]) -> Refusal:
    """Return what an answer says; never raises. `headers` have names in lower case."""
    ids = {name: headers[header] for header, name in _IDS.items() if headers.get(header)}
    retry_after_s = parse_retry_after(headers)
    error = _parse_error(body)
    if error is None:
        text = body[:MESSAGE_MAX].decode(errors="replace").strip()
        return Refusal(
            status=status,
            message=redact(text),
            retry_after_s=retry_after_s,
            ids=ids,
            is_readable=False,
        )
    return Refusal(
        status=status,
        codes=read_codes(error),
        message=read_message(error),
        target=text_at(error, "target"),
        policies=tuple(_policies(error)),
        offered=_offered(error),
        retry_after_s=retry_after_s,
        ids=ids,
    )


_IDS = {"x-ms-request-id": "request id", "x-ms-correlation-request-id": "correlation id"}


def read_codes(error: Document) -> tuple[str, ...]:
    """Return the code of an error object and those of its details, without repetitions."""
    codes = (text_at(each, "code") for each in _layers(error, DEPTH_MAX))
    return tuple(dict.fromkeys(code for code in codes if code))


def read_message(error: Document) -> str:
    """Return what an error object and its details say, each sentence once."""
    said = (_own_message(each) for each in _layers(error, DEPTH_MAX))
    whole = "; ".join(dict.fromkeys(text for text in said if text))
    return redact(whole[:MESSAGE_MAX])


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how long the far end asks to wait; None where it does not say so readably.

    A date is taken relative to the answer's own `date`.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001)):
        if (value := _number(headers.get(name, ""))) is not None:
            return value * unit_s
    text = headers.get("retry-after", "")
    value = _number(text)
    return value if value is not None else _seconds_until(text, headers.get("date", ""))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _seconds_until(text: str, now: str) -> float | None:
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(now)
    except (TypeError, ValueError):
        return None
    return max(wait.total_seconds(), 0.0)


def _parse_error(body: bytes) -> Document | None:
    """Return the error object in `body`, whatever is wrapped around it; None if it holds none."""
    try:
        parsed: object = json.loads(body)
    except ValueError:
        return None
    if not isinstance(parsed, Mapping):
        return None
    document = cast("Document", parsed)
    for key in ("error", "Error", "odata.error"):
        if inner := object_at(document, key):
            return inner
    if text_at(document, "error"):
        described = text_at(document, "error_description")
        return {"code": text_at(document, "error"), "message": described}
    return {**document, "message": _own_message(document) or text_at(document, "Message")}


def _own_message(error: Document) -> str:
    said = value_at(error, "message")
    text = text_at(error, "message", "value") if isinstance(said, Mapping) else said
    text = " ".join(text.split()) if isinstance(text, str) else ""
    return "" if _is_json(text) else text


def _layers(error: Document, depth: int) -> Iterator[Document]:
    """Yield an error and what lies inside it: details, inner errors, JSON in its message."""
    yield error
    if depth == 0:
        return
    inner = [*list_at(error, "details"), object_at(error, "innererror")]
    message = text_at(error, "message")
    if _is_json(message) and (parsed := _parse_error(message.encode())) is not None:
        inner.append(parsed)
    for each in inner:
        if each:
            yield from _layers(each, depth - 1)


_OFFERED = re.compile(r"supported (?:api-)?versions are '([^']*)'", re.IGNORECASE)


def _offered(error: Document) -> tuple[str, ...]:
    found = _OFFERED.search(_own_message(error))
    return tuple(sorted(each.strip() for each in found[1].split(","))) if found else ()


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _policies(error: Document) -> Iterator[str]:
    for layer in _layers(error, DEPTH_MAX):
        for info in list_at(layer, "additionalInfo"):
            name = text_at(info, "info", "policyAssignmentDisplayName")
            name = name or text_at(info, "info", "policyDefinitionDisplayName")
            if name:
                yield name
