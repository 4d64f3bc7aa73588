from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bascule.gateway.appgw.rivals import (
    SOMEBODY,
    Event,
    Rival,
    Window,
    find_later,
    find_lost,
    find_others,
    find_running,
    has_ended,
    is_alone,
    parse_events,
    tell_waiting,
)

BEGUN = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
GATEWAY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
WRITE = "Microsoft.Network/applicationGateways/write"
OURS = frozenset({"ours"})
WINDOW = Window(correlation_id="ours", span_s=10.0, opened_at=BEGUN, closed_s=0.0)


def event(who: str, at_s: float, status: str = "accepted", **changes: Any) -> Event:
    defaults: dict[str, Any] = {
        "operation_id": who,
        "correlation_id": who,
        "caller": f"{who}@example.com",
        "address": "10.0.0.1",
        "at": BEGUN + timedelta(seconds=at_s),
        "status": status,
        "action": WRITE,
    }
    return Event(**{**defaults, **changes})


def callers(rivals: tuple[Rival, ...] | None) -> list[str]:
    assert rivals is not None
    return [each.caller.partition("@")[0] for each in rivals]


def entry(at: str = "2026-11-23T12:00:00.1234567Z", **changes: Any) -> dict[str, Any]:
    defaults = {
        "resourceId": GATEWAY.upper(),
        "operationName": {"value": WRITE},
        "status": {"value": "Accepted"},
        "eventTimestamp": at,
        "correlationId": "c",
        "operationId": "o",
        "caller": "alice@example.com",
        "httpRequest": {"clientIpAddress": "10.0.0.1"},
    }
    return {**defaults, **changes}


def test_an_entry_of_the_log_is_read() -> None:
    (found,) = parse_events([entry()], GATEWAY)

    assert found == Event(
        operation_id="o",
        correlation_id="c",
        caller="alice@example.com",
        address="10.0.0.1",
        at=BEGUN.replace(microsecond=123456),
        status="accepted",
        action=WRITE,
    )


@pytest.mark.parametrize(
    "odd",
    [
        entry(resourceId=f"{GATEWAY}2"),
        entry(
            operationName={"value": "Microsoft.Network/applicationGateways/backendhealth/action"}
        ),
        entry(status={"value": "Resolved"}),
        entry(at="yesterday"),
    ],
    ids=["another gateway", "changes nothing", "no status of a change", "no time"],
)
def test_what_tells_of_no_change_of_this_gateway_is_skipped(odd: Any) -> None:
    assert parse_events([odd], GATEWAY) == ()


def test_texts_stand_for_objects_and_the_correlation_for_the_operation() -> None:
    (found,) = parse_events(
        [entry(operationName=WRITE, status="Started", operationId="", httpRequest=None)], GATEWAY
    )

    assert (found.operation_id, found.status, found.address) == ("c", "started", "")


def test_entries_are_put_in_order_and_ends_after_beginnings_of_the_same_moment() -> None:
    newest_first = [
        entry("2026-11-23T12:00:02Z", status={"value": "Succeeded"}, operationId="2"),
        entry("2026-11-23T12:00:01Z", status={"value": "Canceled"}, operationId="1"),
        entry("2026-11-23T12:00:01Z", operationId="2"),
        entry("2026-11-23T12:00:01Z", operationId="1"),
    ]

    found = parse_events(newest_first, GATEWAY)

    assert [(each.operation_id, each.status) for each in found] == [
        ("1", "accepted"),
        ("2", "accepted"),
        ("1", "canceled"),
        ("2", "succeeded"),
    ]


def test_what_has_begun_and_not_ended_runs() -> None:
    events = [
        event("alice", 0, "started"),
        event("alice", 1),
        event("bob", 2, "started"),
        event("carol", 3),
        event("carol", 4, "succeeded"),
        event("dave", 5, "failed"),
        event("ours", 6),
    ]

    assert callers(find_running(events, OURS)) == ["alice", "bob"]


def test_a_client_whose_requests_are_all_named_alike_is_followed_one_by_one() -> None:
    first, second = event("az", 0), event("az", 1)
    canceled = event("az", 1, "canceled")

    assert len(find_running([first, second, canceled], OURS)) == 1
    assert find_running([first, second, canceled, event("az", 2, "succeeded")], OURS) == ()


def test_without_our_own_entry_nothing_is_known() -> None:
    assert find_lost([event("alice", 5)], WINDOW, OURS) is None


@pytest.mark.parametrize(
    ("at_s", "is_lost"),
    [(89.9, False), (90.0, True), (95.0, True), (100.0, True), (100.1, False)],
    ids=["before we read", "as we read", "between", "as we wrote", "after us"],
)
def test_what_began_between_our_reading_and_our_writing_is_lost(
    at_s: float, *, is_lost: bool
) -> None:
    events = [event("alice", at_s), event("alice", at_s + 5, "succeeded"), event("ours", 100)]

    assert bool(find_lost(events, WINDOW, OURS)) is is_lost


def test_a_write_that_was_refused_changed_nothing() -> None:
    assert find_lost([event("alice", 95, "failed"), event("ours", 100)], WINDOW, OURS) == ()


def test_a_write_that_was_done_at_once_is_lost_too() -> None:
    events = [event("alice", 95, "succeeded"), event("ours", 100)]

    assert callers(find_lost(events, WINDOW, OURS)) == ["alice"]


def test_what_is_ours_is_never_lost() -> None:
    events = [event("earlier", 95), event("ours", 100)]

    assert find_lost(events, WINDOW, OURS | {"earlier"}) == ()


def test_each_write_is_told_once_with_its_first_entry() -> None:
    events = [event("alice", 94, "started"), event("alice", 95), event("ours", 100)]

    (rival,) = find_lost(events, WINDOW, OURS) or ()

    assert rival.told() == (
        f"alice@example.com from 10.0.0.1 at 2026-11-23T12:01:34.000+00:00 ({WRITE})"
    )


def test_somebody_without_a_name_or_address_is_told_so() -> None:
    rival = Rival(caller="", address="", at=BEGUN, action="write")

    assert rival.told() == "somebody at 2026-11-23T12:00:00.000+00:00 (write)"


def test_those_who_wrote_after_us_are_named() -> None:
    events = [
        event("early", 50),
        event("ours", 100),
        event("late", 101),
        event("end", 102, "failed"),
    ]

    assert callers(find_later(events, "ours", OURS)) == ["late"]
    assert find_later(events, "unknown", OURS) == ()


def test_a_write_was_alone_if_the_log_tells_of_it_and_of_none_since() -> None:
    events = [event("early", 50), event("ours", 100)]

    assert is_alone(events, "ours", OURS)
    assert not is_alone([*events, event("late", 101)], "ours", OURS)
    assert not is_alone(events[:1], "ours", OURS)


def test_those_who_wrote_since_a_moment_are_named() -> None:
    events = [event("early", 50), event("ours", 100), event("late", 101, "started")]
    since = BEGUN + timedelta(seconds=60)

    assert callers(find_others([*events, event("late", 102)], since, OURS)) == ["late"]


def test_an_operation_has_ended_when_the_log_says_how() -> None:
    assert not has_ended([event("ours", 1)], "ours")
    assert has_ended([event("ours", 1), event("ours", 2, "canceled")], "ours")


def test_who_is_waited_for_is_named_with_the_command_that_does_not_wait() -> None:
    assert tell_waiting(("bob", "app (old)")) == (
        "an operation of bob and app (old) is waited for; only a rollback may cancel it: "
        "`bascule rollback --cancel-operation-of bob --cancel-operation-of 'app (old)'`"
    )


def test_who_is_not_named_has_a_word_for_a_name() -> None:
    unknown = Rival(caller="", address="", at=BEGUN, action=WRITE)

    assert unknown.name == SOMEBODY
    assert unknown.told().startswith("somebody at ")
