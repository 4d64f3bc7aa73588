"""Answers of ARM as errors of ours."""

import json

import pytest

from bascule.azure.errors import (
    AlreadyThereError,
    LostAnswerError,
    NoAnswerError,
    ReadAgainError,
    VersionNotOfferedError,
    read_error,
)
from bascule.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    OutcomeUnknownError,
    ThrottledError,
    TransportError,
)


def body(code: str, message: str = "no") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "SubnetIsFull", InvalidError),
        (401, "ExpiredAuthenticationToken", ForbiddenError),
        (403, "AuthorizationFailed", ForbiddenError),
        (404, "ResourceNotFound", NotFoundError),
        (409, "Conflict", ConflictError),
        (409, "RoleAssignmentExists", AlreadyThereError),
        (410, "Gone", GoneError),
        (412, "PreconditionFailed", ConflictError),
        (429, "Throttled", ThrottledError),
        (503, "ServerBusy", ApiError),
    ],
)
def test_each_status_has_its_error(status: int, code: str, kind: type[ApiError]) -> None:
    error = read_error(status, body(code), {})

    assert type(error) is kind
    assert (error.status, error.reason) == (status, code)


def test_the_message_says_what_was_asked_what_came_and_by_which_ids() -> None:
    headers = {"X-Ms-Request-Id": "r1", "x-ms-correlation-request-id": "c1"}

    error = read_error(400, body("SubnetIsFull", "full"), headers, request="PUT https://x/y")

    assert error.message == (
        "PUT https://x/y: 400 SubnetIsFull: full (request id r1, correlation id c1)"
    )
    assert "enlarge" in error.remedy


def test_an_empty_answer_has_a_message_too() -> None:
    assert read_error(500, b"", {}, request="GET x").message == "GET x: 500: no reason given"


def test_throttling_says_how_long() -> None:
    error = read_error(429, body("Throttled"), {"Retry-After": "17"})

    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == 17.0


def test_versions_that_are_offered_come_with_the_error() -> None:
    said = "The supported api-versions are '2025-01-01, 2024-01-01'."

    error = read_error(404, body("InvalidResourceType", said), {})

    assert isinstance(error, VersionNotOfferedError)
    assert error.offered == ("2024-01-01", "2025-01-01")


def test_our_own_errors_are_of_the_families_that_callers_know() -> None:
    again = ReadAgainError("m", status=412, reason="r", remedy="do", retry_after_s=8.0)
    silent = NoAnswerError("m", is_sent=True, is_lasting=True, remedy="do")

    assert isinstance(again, ConflictError)
    assert (again.retry_after_s, again.status, again.remedy) == (8.0, 412, "do")
    assert isinstance(silent, TransportError)
    assert (silent.is_sent, silent.is_lasting) == (True, True)
    assert issubclass(LostAnswerError, OutcomeUnknownError)
