"""The one exception tree, and the exit code of each branch.

What stops the program is an exception of this tree; what an operator should know together is a list
of findings or problems; what can only be our own mistake is an `InvariantError`.
The table of exit codes stands in docs/reference/exit-codes.md and is checked against this module.
"""

from typing import ClassVar


class BasculeError(Exception):
    """Something that a person can understand: what happened, to what, and what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(BasculeError):
    """The command line asks for something that cannot be, or an extra package is missing."""

    exit_code = 2


class SpecError(BasculeError):
    """A file that the user wrote is wrong; says file, line, column (both from 1) and field."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        file: str = "",
        line: int | None = None,
        column: int | None = None,
        field: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.file = file
        self.line = line
        self.column = column
        self.field = field
        self.args = (self._told(),)  # what `str` shows

    def _told(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        field = f"{self.field}: " if self.field else ""
        return f"{place}: {field}{self.message}" if place else f"{field}{self.message}"


class PlanError(BasculeError):
    """What was asked for is refused before anything was changed."""

    exit_code = 3


class DriverError(BasculeError):
    """The gateway refused what it was sent; its last good state stays."""

    exit_code = 4


class ForeignChangeError(DriverError):
    """Somebody else changed the gateway since we last wrote it."""


class ApiError(BasculeError):
    """A far end answered, and the answer is no."""

    exit_code = 5

    def __init__(
        self, message: str, *, status: int = 0, reason: str = "", remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.reason = reason


class NotFoundError(ApiError):
    """The object does not exist there (404)."""


class ConflictError(ApiError):
    """Another writer was first, or another manager owns the field (409)."""


class GoneError(ApiError):
    """The resource version is too old to go on from (410, or 504 for one in the future)."""


class InvalidError(ApiError):
    """The object is refused as it stands (400, 422)."""


class ForbiddenError(ApiError):
    """The credentials are missing or lack a right (401, 403)."""


class ThrottledError(ApiError):
    """The far end asks to wait (429); `retry_after_s` is how long, where it said."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 429,
        reason: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, status=status, reason=reason)
        self.retry_after_s = retry_after_s


class TransportError(BasculeError):
    """No answer came: refused, reset, timed out, or TLS was not verified."""

    exit_code = 6


class OutcomeUnknownError(BasculeError):
    """The effect was begun; whether it took place is not known. Look with `bascule status`."""

    exit_code = 7


class GateFailedError(BasculeError):
    """A gate said no."""

    exit_code = 8


class JournalError(BasculeError):
    """The journal cannot be read or written."""

    exit_code = 9


class CorruptJournalError(JournalError):
    """A record is missing, edited or out of order."""


class StaleWriterError(JournalError):
    """Another owner has taken over; this one must not write any more."""


class LeaseLapsedError(StaleWriterError):
    """This owner's lease ran out; nothing may be written until it is renewed or found lost."""


class LockedError(JournalError):
    """Another process owns this gateway's state."""


class InvariantError(BasculeError):
    """Our own mistake: never caught, always a bug report."""

    exit_code = 70
