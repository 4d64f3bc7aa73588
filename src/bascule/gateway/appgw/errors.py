"""Why a gateway's document was not written, or was written at somebody's cost."""

from bascule.azure.document import Document
from bascule.errors import DriverError, ForeignChangeError
from bascule.gateway.appgw.rivals import Rival
from bascule.gateway.appgw.writes import Written


class RefusedError(DriverError):
    """Azure refused our document; the last good state stays.

    `is_synchronous`: at the door, before anything was begun. `sent` is the body that was refused.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        is_synchronous: bool,
        sent: Document,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.is_synchronous = is_synchronous
        self.sent = sent


class HeldStillError(RefusedError):
    """Azure refused what changed in the clusters while an upgrade moves traffic.

    Nothing was tried in its place: a person decides.
    """


class UnusableCertificateError(DriverError):
    """A host that is served has a pair that no such gateway takes, and its last good is unknown."""


class BusyElsewhereError(DriverError):
    """An operation of somebody else is under way, and nobody approved that it be canceled."""

    def __init__(self, message: str, *, rivals: tuple[Rival, ...], remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.rivals = rivals


class LostChangeError(ForeignChangeError):
    """A write of ours undid one of somebody else; `lines` say what the gateway shows of others.

    `before` is what our write was made from, `after` what is there now. Neither holds their change.
    `written` is what the write did at whose end it was found, if it was found at the end of one.
    """

    written: Written | None = None

    def __init__(
        self,
        message: str,
        *,
        rivals: tuple[Rival, ...],
        before: Document,
        after: Document,
        lines: tuple[str, ...] = (),
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.rivals = rivals
        self.before = before
        self.after = after
        self.lines = lines
