from datetime import date

import pytest

from bascule.spec.operations import Dates
from tests.support.specs import mistakes_of, read_upgrade


def test_hours_need_no_quotes() -> None:
    (window,) = read_upgrade("freeze: [{days: [fri], from: 18:00, to: 08:00}]\n").freeze

    assert (window.from_, window.to, window.time_zone) == ("18:00", "08:00", "UTC")


def test_a_date_is_a_date() -> None:
    (told,) = mistakes_of("freeze: [{dates: {from: 5, to: 2026-12-24}}]\n")

    assert told.endswith("freeze[0].dates.from: 5 is not a date such as 2026-12-24")
    assert Dates(from_=date(2026, 1, 1), to=date(2026, 1, 2)).to.day == 2


def test_a_freeze_is_written_into_a_plan_as_it_stands_in_the_file() -> None:
    (window,) = read_upgrade(
        "freeze: [{name: x, dates: {from: 2026-12-20, to: 2027-01-03}, timeZone: Europe/Berlin}]\n"
    ).freeze

    written = window.model_dump(mode="json", by_alias=True, exclude_none=True)

    assert written["dates"] == {"from": "2026-12-20", "to": "2027-01-03"}
    assert written["timeZone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{name: x}", "freeze[0]: says no time: give days, from and to, or dates"),
        (
            "{days: [mon], dates: {from: 2026-01-01, to: 2026-01-02}}",
            "freeze[0]: dates are whole days: leave out days, from and to",
        ),
        ("{dates: {from: 2026-01-02, to: 2026-01-01}}", "freeze[0].dates: ends before it begins"),
        ("{from: 7:00}", "freeze[0].from: '7:00' is not a time from 00:00 to 24:00"),
        ("{from: 07:00, to: 24:30}", "freeze[0].to: '24:30' is not a time from 00:00 to 24:00"),
    ],
    ids=["nothing", "both", "order", "short", "late"],
)
def test_a_freeze_that_cannot_be_is_refused_where_it_stands(text: str, mistake: str) -> None:
    (told,) = mistakes_of(f"freeze: [{text}]\n")

    assert told.endswith(mistake)


def test_blue_is_kept_for_a_day_and_retired_by_a_person() -> None:
    retire = read_upgrade().retire

    assert (retire.policy, retire.idle_s, retire.hold_s) == ("approval", 300, 86_400)


def test_a_receiver_has_one_address() -> None:
    neither = mistakes_of("notify: [{type: webhook}]\n")
    both = mistakes_of("notify: [{type: webhook, url: 'http://h', urlEnv: H}]\n")

    assert [told.partition("notify")[2] for told in (*neither, *both)] == [
        "[0]: needs url or urlEnv, one of the two"
    ] * 2


def test_receivers_are_read() -> None:
    webhook, command = read_upgrade(
        "notify: [{type: webhook, urlEnv: HOOK, events: [halt]}, {type: command, run: [x]}]\n"
    ).notify

    assert webhook.events == ("halt",)
    assert command.events == ("stage", "gate", "approval", "rollback", "halt", "end")
