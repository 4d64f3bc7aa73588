"""What to do about an answer of ARM that is no, or that never came: one table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request and what came of it. `status` 0: no answer came."""

    method: str
    status: int
    codes: tuple[str, ...] = ()
    """The error's code and those of its details, outermost first."""
    message: str = ""
    retry_after_s: float | None = None
    failures: int = 1
    """How often this request has failed, this time included."""
    is_repeatable: bool = True
    """Whether sending the same again can undo nobody's change."""
    is_sent: bool = True
    """Whether the request may have reached ARM."""
    is_token_new: bool = False
    """Whether the token was fetched anew for this attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Send the same again after a while."""

    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """It was refused as things stand: read the resource again after a while, and decide anew."""

    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """Fetch another token and send the same again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """The effect may have taken place: look before anything is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """No is no."""


Decision = Retry | ReadAgain | RefreshToken | OutcomeUnknown | GiveUp


def decide(attempt: Attempt) -> Decision:
    """Return what to do next about `attempt`."""
    raise NotImplementedError(attempt)
