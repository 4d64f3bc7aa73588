"""Where answers of an API server and exceptions of the HTTP library become errors of ours."""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp
import msgspec

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
from bascule.redact import redact

MESSAGE_MAX = 1_000
_CREDENTIALS_REMEDY = "check the user of this kubeconfig context, or get new credentials"
_RIGHTS_REMEDY = "give the user this right, for example with a ClusterRole and its binding"


class NotThereYetError(TransportError):
    """Nothing says yet where the cluster is; nobody was asked."""


class _Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""
    field: str = ""


class _Details(msgspec.Struct):
    causes: list[_Cause] | None = None
    retryAfterSeconds: float | None = None  # noqa: N815 - the API's own name


class Status(msgspec.Struct):
    """What an API server answers instead of an object: kind Status, v1."""

    kind: str = ""
    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: _Details | None = None


def parse_status(body: bytes) -> Status:
    """Return the Status in `body`, or one that quotes it when it holds none."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        return Status(message=body[:MESSAGE_MAX].decode(errors="replace").strip())
    return status if status.kind == "Status" else Status()


def build_api_error(
    code: int, status: Status, *, request: str, headers: Mapping[str, str]
) -> ApiError:
    """Return the error for an answer with this HTTP code; `request` says what was asked of whom.

    A watch reports its errors in the stream with the same codes, so it comes here too.
    """
    reason = status.reason or ""
    said = redact((status.message or reason or "no reason given")[:MESSAGE_MAX])
    message = f"{request}: {code}: {said}"
    if code == 429:
        wait_s = _retry_after_s(status, headers)
        return ThrottledError(message, reason=reason, retry_after_s=wait_s)
    if code == 401:
        return ForbiddenError(message, status=code, reason=reason, remedy=_CREDENTIALS_REMEDY)
    if code == 403:
        return ForbiddenError(message, status=code, reason=reason, remedy=_RIGHTS_REMEDY)
    if code == 410 or (code == 504 and reason == "Timeout"):
        return GoneError(message, status=code, reason=reason)
    branch = _BRANCH_BY_CODE.get(code, ApiError)
    return branch(message, status=code, reason=reason, remedy=_redirect_remedy(code))


_BRANCH_BY_CODE: Mapping[int, type[ApiError]] = {
    400: InvalidError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidError,
}


def _redirect_remedy(code: int) -> str:
    if 300 <= code < 400:
        return "name the final address as `server` in the kubeconfig; redirects are not followed"
    return ""


def _retry_after_s(status: Status, headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "")
    if text.isdigit():
        return float(text)
    return status.details.retryAfterSeconds if status.details else None


@contextmanager
def transport_errors(request: str) -> Iterator[None]:
    """Turn what the HTTP library raises inside into a TransportError that names `request`."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise _certificate_error(request, error.certificate_error) from error
    except aiohttp.ClientConnectorError as error:
        raise _connect_error(request, error) from error
    except (TimeoutError, aiohttp.ServerTimeoutError) as error:
        raise TransportError(f"{request}: no answer in time", remedy=_REACH_REMEDY) from error
    except aiohttp.ClientError as error:
        raise TransportError(f"{request}: {_text(error)}", remedy=_REACH_REMEDY) from error
    except msgspec.MsgspecError as error:
        raise TransportError(
            f"{request}: the answer cannot be read: {_text(error)}",
            remedy="check that `server` in the kubeconfig is a Kubernetes API server",
        ) from error
    except (ConnectionError, ssl.SSLError) as error:
        raise TransportError(f"{request}: {_text(error)}", remedy=_REACH_REMEDY) from error


_REACH_REMEDY = "check that the API server runs and can be reached from here"


def _connect_error(request: str, error: aiohttp.ClientConnectorError) -> TransportError:
    cause = error.os_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _certificate_error(request, cause)
    if isinstance(cause, ssl.SSLError):
        return TransportError(
            f"{request}: TLS failed: {_text(cause)}",
            remedy="check the client certificate and that `server` in the kubeconfig speaks TLS",
        )
    why = os.strerror(cause.errno) if cause.errno and cause.errno > 0 else _text(cause)
    return TransportError(f"{request}: {why}", remedy=_REACH_REMEDY)


def _certificate_error(request: str, error: Exception) -> TransportError:
    why = getattr(error, "verify_message", "") or _text(error)
    return TransportError(
        f"{request}: the server's certificate is not trusted: {why}",
        remedy="check certificate-authority and tls-server-name in the kubeconfig, "
        "and the clock of both machines",
    )


def _text(error: BaseException) -> str:
    return redact(str(error)[:MESSAGE_MAX]) or type(error).__name__
