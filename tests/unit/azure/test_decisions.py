"""The table of what to do about an answer that is no, or that never came."""

from dataclasses import replace

import pytest

from bascule.azure.decisions import (
    BUSY_CODES,
    TRIES_MAX,
    WAIT_MAX_S,
    Attempt,
    Decision,
    Effect,
    GiveUp,
    OutcomeUnknown,
    ReadAgain,
    RefreshToken,
    Retry,
    decide,
)

NOW = Retry(after_s=1.0)
READ = ReadAgain(after_s=1.0)
LOST = OutcomeUnknown()
NO = GiveUp()
IN_PROGRESS = "Another operation (nodepool1 - Updating) is in progress"


def attempt(status: int, *codes: str, effect: Effect, **more: object) -> Attempt:
    is_silent = status in {0, 408, 500, 502, 503, 504}
    made = Attempt(effect=effect, status=status, codes=codes, may_have_landed=is_silent)
    return replace(made, **more)  # type: ignore[arg-type]  # the tests name real fields


@pytest.mark.parametrize(
    ("status", "code", "reads", "same", "stale"),
    [
        (0, "", NOW, NOW, LOST),
        (408, "", NOW, NOW, LOST),
        (500, "InternalServerError", NOW, NOW, LOST),
        (502, "", NOW, NOW, LOST),
        (503, "ServerBusy", NOW, NOW, LOST),
        (504, "GatewayTimeout", NOW, NOW, LOST),
        (429, "Throttled", NOW, NOW, READ),
        (429, "SubscriptionRequestsThrottled", NOW, NOW, READ),
        (429, "RetryableError", NOW, READ, READ),
        (429, "InternalRetriableError", NOW, READ, READ),
        (409, "AnotherOperationInProgress", NOW, READ, READ),
        (409, "EtagMismatch", NOW, READ, READ),
        (412, "PreconditionFailed", NOW, READ, READ),
        (400, "PrincipalNotFound", NOW, NOW, READ),
        (401, "ExpiredAuthenticationToken", RefreshToken(), RefreshToken(), RefreshToken()),
        (400, "K8sVersionNotSupported", NO, NO, NO),
        (400, "QuotaExceeded", NO, NO, NO),
        (403, "AuthorizationFailed", NO, NO, NO),
        (404, "ResourceNotFound", NO, NO, NO),
        (409, "OperationNotAllowed", NO, NO, NO),
        (409, "RoleAssignmentExists", NO, NO, NO),
        (302, "", NO, NO, NO),
        (501, "NotImplemented", NO, NO, NO),
    ],
)
def test_the_table(  # noqa: PLR0917 - a row of the table has five cells
    status: int, code: str, reads: Decision, same: Decision, stale: Decision
) -> None:
    codes = (code,) if code else ()

    decided = [decide(attempt(status, *codes, effect=effect)) for effect in Effect]

    assert decided == [reads, same, stale]


@pytest.mark.parametrize("code", sorted(BUSY_CODES))
def test_a_busy_code_counts_wherever_it_stands_in_the_details(code: str) -> None:
    assert decide(attempt(409, "Conflict", code, effect=Effect.STALE)) == READ


def test_not_allowed_means_busy_only_where_it_says_so() -> None:
    busy = attempt(409, "OperationNotAllowed", effect=Effect.STALE, message=IN_PROGRESS)
    quota = attempt(409, "OperationNotAllowed", effect=Effect.STALE, message="exceeds quota")

    assert [decide(busy), decide(quota)] == [READ, NO]


def test_the_far_end_says_how_long_to_wait() -> None:
    throttled = attempt(429, "Throttled", effect=Effect.NONE, retry_after_s=17.0)
    busy = attempt(429, "RetryableError", effect=Effect.STALE, retry_after_s=0.0)

    assert decide(throttled) == Retry(after_s=17.0)
    assert decide(busy) == ReadAgain(after_s=0.0)


def test_waits_double_up_to_a_limit() -> None:
    waits = [
        decide(attempt(412, effect=Effect.STALE, failures=failures)) for failures in (1, 2, 3, 9)
    ]

    assert waits == [ReadAgain(after_s=s) for s in (1.0, 2.0, 4.0, WAIT_MAX_S)]


def test_tries_end() -> None:
    last = [decide(attempt(502, effect=effect, failures=TRIES_MAX)) for effect in Effect]
    refused = decide(attempt(429, "Throttled", effect=Effect.SAME, failures=TRIES_MAX))

    assert last == [NO, LOST, LOST]
    assert refused == NO


def test_a_write_that_reached_nobody_may_be_sent_again() -> None:
    unsent = attempt(0, effect=Effect.STALE, may_have_landed=False)

    assert decide(unsent) == NOW
    assert decide(replace(unsent, failures=TRIES_MAX)) == NO


def test_what_lasts_is_not_tried_again() -> None:
    untrusted = attempt(0, effect=Effect.SAME, may_have_landed=False, is_lasting=True)

    assert decide(untrusted) == NO
    assert decide(replace(untrusted, may_have_landed=True)) == LOST


def test_a_write_that_may_have_landed_before_stays_unknown() -> None:
    later = attempt(0, effect=Effect.SAME, may_have_landed=True, failures=TRIES_MAX)

    assert decide(later) == LOST


def test_a_token_is_renewed_once() -> None:
    assert decide(attempt(401, effect=Effect.NONE, is_token_new=True)) == NO
