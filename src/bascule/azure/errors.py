"""Where answers of ARM become errors of ours, each with what to do about it."""

from collections.abc import Mapping

from bascule.errors import ApiError, ConflictError, OutcomeUnknownError


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


class LostAnswerError(OutcomeUnknownError):
    """A write was sent and no word of its end came: read the resource to see what it did."""


def read_error(
    status: int, body: bytes, headers: Mapping[str, str], *, request: str = ""
) -> ApiError:
    """Return the error for an answer; `request` says what was asked of whom.

    `reason` is the innermost telling code, such as `AuthorizationFailed`.
    """
    raise NotImplementedError(status, body, headers, request)
