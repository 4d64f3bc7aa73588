import ssl

import aiohttp
import msgspec
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bascule.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    ThrottledError,
    TransportError,
)
from bascule.kube.errors import Status, build_api_error, parse_status, transport_errors

KEY = ConnectionKey("api", 443, True, True, None, None, None)  # noqa: FBT003 - aiohttp's own


@pytest.mark.parametrize(
    ("code", "branch"),
    [
        (400, InvalidError),
        (401, ForbiddenError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ConflictError),
        (410, GoneError),
        (422, InvalidError),
        (429, ThrottledError),
        (500, ApiError),
        (503, ApiError),
        (302, ApiError),
    ],
)
def test_each_status_has_its_branch(code: int, branch: type[ApiError]) -> None:
    error = build_api_error(code, Status(reason="R", message="m"), request="GET /x", headers={})

    assert type(error) is branch
    assert (error.status, error.reason) == (code, "R")
    assert str(error) == f"GET /x: {code}: m"


def test_504_for_a_version_of_the_future_is_gone_and_another_504_is_not() -> None:
    future = build_api_error(504, Status(reason="Timeout"), request="GET /x", headers={})
    proxy = build_api_error(504, Status(), request="GET /x", headers={})

    assert isinstance(future, GoneError)
    assert type(proxy) is ApiError


def test_a_refusal_of_credentials_says_what_to_do() -> None:
    errors = [
        build_api_error(code, Status(), request="GET /x", headers={}) for code in (401, 403, 302)
    ]

    assert all(error.remedy for error in errors)


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        ({"Retry-After": "7"}, b"", 7.0),
        ({"Retry-After": "soon"}, b'{"kind":"Status","details":{"retryAfterSeconds":2}}', 2.0),
        ({}, b'{"kind":"Status","details":{"retryAfterSeconds":3}}', 3.0),
        ({}, b'{"kind":"Status"}', None),
    ],
)
def test_throttling_says_how_long(
    headers: dict[str, str], body: bytes, wait_s: float | None
) -> None:
    error = build_api_error(429, parse_status(body), request="GET /x", headers=headers)

    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == wait_s


def test_an_answer_that_is_no_status_is_quoted() -> None:
    assert parse_status(b"<h1>Bad gateway</h1>").message == "<h1>Bad gateway</h1>"


def test_an_object_that_is_no_status_says_nothing() -> None:
    assert parse_status(b'{"kind":"Pod","message":"x"}') == Status()


def test_secrets_in_a_refusal_are_masked() -> None:
    status = Status(message="bad header Authorization: Bearer abcdef123456")

    error = build_api_error(400, status, request="GET /x", headers={})

    assert "abcdef123456" not in str(error)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(111, "x")), "Connection refused"),
        (aiohttp.ClientConnectorError(KEY, OSError("odd")), "odd"),
        (aiohttp.ClientConnectorError(KEY, ssl.SSLError("handshake")), "TLS failed"),
        (
            aiohttp.ClientConnectorError(KEY, ssl.SSLCertVerificationError(1, "self-signed")),
            "not trusted: self-signed",
        ),
        (
            aiohttp.ClientConnectorCertificateError(
                KEY, ssl.SSLCertVerificationError(1, "expired")
            ),
            "not trusted: expired",
        ),
        (aiohttp.ServerTimeoutError(), "no answer in time"),
        (TimeoutError(), "no answer in time"),
        (aiohttp.ClientPayloadError("cut"), "cut"),
        (aiohttp.ServerDisconnectedError(), "Server disconnected"),
        (ConnectionResetError("reset"), "reset"),
        (ssl.SSLError("record"), "record"),
        (msgspec.DecodeError("malformed"), "cannot be read: malformed"),
        (BrokenPipeError(), "BrokenPipeError"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_the_http_library_raises_becomes_ours(raised: Exception, said: str) -> None:
    with pytest.raises(TransportError) as caught, transport_errors("GET /x"):
        raise raised

    assert str(caught.value).startswith("GET /x: ")
    assert said in str(caught.value)
    assert caught.value.remedy
    assert caught.value.__cause__ is raised


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(NotFoundError, match="mine"), transport_errors("GET /x"):
        raise NotFoundError("mine")
