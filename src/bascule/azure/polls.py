"""Reads one poll of a long-running operation; what it shows tells how the operation stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from bascule.azure.document import Document, object_at, text_at
from bascule.azure.refusals import read_codes, read_message


class OutcomeStatus(StrEnum):
    """How an operation ended, as far as it is known."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    """Ended by someone, or superseded by another operation on the resource."""
    UNKNOWN = "unknown"
    """Its URL is gone or closed to us: look at the resource."""
    RUNNING = "running"
    """Not ended when it was last seen; it can be waited for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationError:
    """Why an operation did not end well: ARM's own codes and words."""

    message: str
    codes: tuple[str, ...] = ()
    """The code and those of its details, outermost first."""

    @property
    def code(self) -> str:
        """The error's own code."""
        return self.codes[0] if self.codes else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one poll shows. `said` is ARM's own word for the status."""

    status: OutcomeStatus
    said: str
    error: OperationError | None = None
    document: Document | None = None
    """The operation's result, where it has one of its own."""


_ENDED = {
    "succeeded": OutcomeStatus.SUCCEEDED,
    "failed": OutcomeStatus.FAILED,
    "canceled": OutcomeStatus.CANCELED,
    "cancelled": OutcomeStatus.CANCELED,
}


def read_poll(http_status: int, body: bytes) -> Poll:
    """Return what a 2xx answer of an operation's URL shows; raises ValueError for no JSON.

    A status URL (Azure-AsyncOperation) answers with `status`, of which every unknown word means
    that it runs. A result URL (Location) answers 202 until there is a result.
    """
    parsed: object = json.loads(body) if body.strip() else None
    if parsed is not None and not isinstance(parsed, Mapping):
        raise ValueError("the answer is no JSON object")
    document = cast("Document | None", parsed)
    said = text_at(document or {}, "status")
    if said:
        return _read_status(said, document or {})
    if http_status in {201, 202}:
        return Poll(status=OutcomeStatus.RUNNING, said="Accepted")
    return Poll(status=OutcomeStatus.SUCCEEDED, said="Succeeded", document=document)


def _read_status(said: str, document: Document) -> Poll:
    status = _ENDED.get(said.lower(), OutcomeStatus.RUNNING)
    error = object_at(document, "error")
    if not error:
        return Poll(status=status, said=said)
    read = OperationError(message=read_message(error), codes=read_codes(error))
    return Poll(status=status, said=said, error=read)
