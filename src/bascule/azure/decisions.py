"""What to do about an answer of ARM that is no, or that never came: one table.

What may undo somebody's change is never sent again unseen. A refusal that comes of the moment
(another operation runs, another etag) is for the caller, who reads and decides anew.
"""

from dataclasses import dataclass
from enum import Enum

TRIES_MAX = 6
FIRST_WAIT_S = 1.0
WAIT_MAX_S = 30.0
"""The longest wait where the far end does not say how long."""


class Effect(Enum):
    """What sending a request twice would do."""

    NONE = "reads only"
    SAME = "the second time changes nothing more"
    STALE = "the second time might undo what somebody did in between"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request and what came of it. `status` 0: no answer came."""

    effect: Effect
    status: int
    codes: tuple[str, ...] = ()
    """The error's code and those of its details, outermost first."""
    message: str = ""
    retry_after_s: float | None = None
    failures: int = 1
    """How often this request has failed, this time included."""
    may_have_landed: bool = False
    """Whether it, or an earlier attempt of it, may have taken effect though nobody said so."""
    is_lasting: bool = False
    """Whether another try can bring nothing else, as with a certificate that is not trusted."""
    is_token_new: bool = False
    """Whether the token was fetched anew because the one before was refused."""

    @property
    def is_silent(self) -> bool:
        """Whether the answer, if any, does not say what became of the request."""
        return self.status == 0 or self.status in _UNWELL


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

BUSY_CODES = frozenset(
    {
        "AnotherOperationInProgress",
        "CanceledAndSupersededDueToAnotherOperation",
        "ConflictingConcurrentWriteNotAllowed",
        "EtagMismatch",
        "InternalRetriableError",
        "ReferencedResourceNotProvisioned",
        "RetryableError",
        "RetryableErrorDueToAnotherOperation",
    }
)
"""Refusals that come of what else goes on at the moment."""

REPLICATING_CODES = frozenset({"PrincipalNotFound"})
"""Refusals of what was made a moment ago and is not known everywhere yet."""

_UNWELL = frozenset({408, 500, 502, 503, 504})


def decide(attempt: Attempt) -> Decision:
    """Return what to do next about `attempt`."""
    is_stale = attempt.effect is Effect.STALE
    if attempt.is_silent:
        return OutcomeUnknown() if is_stale and attempt.may_have_landed else _again(attempt)
    if attempt.status == 401:
        return GiveUp() if attempt.is_token_new else RefreshToken()
    if attempt.status == 412 or is_busy(attempt.codes, attempt.message):
        is_reading = attempt.effect is Effect.NONE
        return _again(attempt) if is_reading else ReadAgain(after_s=_wait_s(attempt))
    if attempt.status == 429 or REPLICATING_CODES.intersection(attempt.codes):
        return ReadAgain(after_s=_wait_s(attempt)) if is_stale else _again(attempt)
    return GiveUp()


def is_busy(codes: tuple[str, ...], message: str) -> bool:
    """Whether a refusal comes of another operation: a later try may be taken.

    AKS says `OperationNotAllowed` of that, but of quotas and stopped clusters too.
    """
    if BUSY_CODES.intersection(codes):
        return True
    return "OperationNotAllowed" in codes and "in progress" in message.lower()


def _again(attempt: Attempt) -> Decision:
    if attempt.failures < TRIES_MAX and not attempt.is_lasting:
        return Retry(after_s=_wait_s(attempt))
    is_harmless = attempt.effect is Effect.NONE or not attempt.may_have_landed
    return GiveUp() if is_harmless else OutcomeUnknown()


def _wait_s(attempt: Attempt) -> float:
    if attempt.retry_after_s is not None:
        return attempt.retry_after_s
    return min(FIRST_WAIT_S * 2.0 ** (attempt.failures - 1), WAIT_MAX_S)
