"""Where answers of ARM become errors of ours, each with what to do about it."""

from collections.abc import Mapping

from bascule.azure.refusals import Refusal, parse_refusal
from bascule.azure.remedies import find_remedy, telling_code
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


class ReadAgainError(ConflictError):
    """Refused as things stand: read the resource again after `retry_after_s`, and decide anew."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        remedy: str = "",
        retry_after_s: float = 1.0,
    ) -> None:
        super().__init__(message, status=status, reason=reason, remedy=remedy)
        self.retry_after_s = retry_after_s


class AlreadyThereError(ConflictError):
    """What was to be made exists already under another name (RoleAssignmentExists)."""


class VersionNotOfferedError(InvalidError):
    """This cloud or region knows other api-versions of the type: `offered`, oldest first."""

    def __init__(
        self,
        message: str,
        *,
        offered: tuple[str, ...],
        status: int = 0,
        reason: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(message, status=status, reason=reason, remedy=remedy)
        self.offered = offered


class LostAnswerError(OutcomeUnknownError):
    """A write was sent and no word of its end came: read the resource to see what it did."""


class NoAnswerError(TransportError):
    """No answer came; `is_sent` says whether the request may have reached the far end.

    `is_lasting` where another try can bring nothing else.
    """

    def __init__(
        self, message: str, *, is_sent: bool, is_lasting: bool = False, remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.is_sent = is_sent
        self.is_lasting = is_lasting


def read_error(
    status: int, body: bytes, headers: Mapping[str, str], *, request: str = ""
) -> ApiError:
    """Return the error for an answer; `request` says what was asked of whom.

    `reason` is ARM's code for which there is a remedy, else the outermost one.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    return build_error(parse_refusal(status, body, lower), request=request)


def build_error(refusal: Refusal, *, request: str) -> ApiError:
    """Return the error for a refusal."""
    reason = telling_code(refusal.codes)
    message = _message(refusal, request)
    if refusal.status == 429:
        return ThrottledError(message, reason=reason, retry_after_s=refusal.retry_after_s)
    remedy = find_remedy(reason, refusal)
    if refusal.offered:
        return VersionNotOfferedError(
            message, offered=refusal.offered, status=refusal.status, reason=reason, remedy=remedy
        )
    branch = _branch(refusal.status, reason)
    return branch(message, status=refusal.status, reason=reason, remedy=remedy)


def _message(refusal: Refusal, request: str) -> str:
    named = " ".join(str(part) for part in (refusal.status or "", refusal.code) if part)
    said = refusal.message or "no reason given"
    ids = ", ".join(f"{name} {value}" for name, value in refusal.ids.items())
    parts = [part for part in (request, named, said) if part]
    return ": ".join(parts) + (f" ({ids})" if ids else "")


def _branch(status: int, reason: str) -> type[ApiError]:
    if reason == "RoleAssignmentExists":
        return AlreadyThereError
    return _BRANCH_BY_STATUS.get(status, ApiError)


_BRANCH_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: InvalidError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    412: ConflictError,
    422: InvalidError,
}
