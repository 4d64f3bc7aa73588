"""What stands around the shift of traffic: freezes, hooks, bake, rollback, retire, news."""

import datetime as dt
import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from bascule.spec.durations import Seconds
from bascule.spec.quantities import Command, EnvName, HeaderName, Label, TimeZone, Url
from bascule.spec.strict import Strict

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_FIRST, _LAST = dt.date(2000, 1, 1), dt.date(2999, 12, 31)
_CLOCK_TIME = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


def _check_clock_time(text: str) -> str:
    if not re.fullmatch(_CLOCK_TIME, text):
        raise ValueError(f"{text!r} is not a time from 00:00 to 24:00")
    return text


def _parse_date(value: object) -> object:
    """Take no numbers, which would be seconds since 1970."""
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(f"{value!r} is not a date such as 2026-12-24")
    return value


Date = Annotated[dt.date, BeforeValidator(_parse_date)]
ClockTime = Annotated[
    str,
    AfterValidator(_check_clock_time),
    WithJsonSchema({"type": "string", "pattern": _CLOCK_TIME}),
]


class Dates(Strict):
    """Whole days, both included."""

    from_: Date = Field(alias="from", ge=_FIRST, description="The first day, YYYY-MM-DD.")
    to: Date = Field(le=_LAST, description="The last day, YYYY-MM-DD.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to < self.from_:
            raise ValueError("ends before it begins")
        return self


class Freeze(Strict):
    """A time in which no weight rises, no hook runs and nothing is retired: by week or by date."""

    name: str = Field(
        default="", max_length=100, description="What people call it; shown while it lasts."
    )
    days: tuple[Day, ...] = Field(
        default=(), max_length=7, description="On which days it begins; every day if absent."
    )
    from_: ClockTime = Field(
        default="00:00", alias="from", description="When it begins, HH:MM, quoted."
    )
    to: ClockTime = Field(
        default="24:00",
        description="When it ends, HH:MM, quoted; the next day if not after `from`.",
    )
    dates: Dates | None = Field(default=None, description="A range of dates instead.")
    time_zone: TimeZone = Field(
        default="UTC", description="IANA time zone that days and hours are meant in."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        weekly = self.model_fields_set & {"days", "from_", "to"}
        if self.dates is not None and weekly:
            raise ValueError("dates are whole days: leave out days, from and to")
        if self.dates is None and not weekly:
            raise ValueError("says no time: give days, from and to, or dates")
        return self


class Hook(Strict):
    """A command of yours at one place of the upgrade."""

    name: Label = Field(description="A DNS label, unique among the hooks.")
    after: str = Field(
        max_length=64,
        description="After what it runs: sync, verify, bake, or a step such as shift-5.",
    )
    run: Command = Field(description="The program and its arguments; no shell.")
    timeout_s: Seconds = Field(
        default=300.0, alias="timeout", gt=0, description="How long it may take."
    )
    repeatable: StrictBool = Field(
        default=False,
        description="Whether it may run twice; else a person is asked when nobody knows if it ran.",
    )
    undo: Command | None = Field(default=None, description="What a rollback runs to undo it.")
    makes_rollback_unsafe: StrictBool = Field(
        default=False, description="Whether no rollback is safe once it has begun."
    )


class Bake(Strict):
    """Green takes all, blue stays warm."""

    hold_s: Seconds = Field(default=3_600.0, alias="hold", description="How long.")
    approval: StrictBool = Field(
        default=False, description="Whether a person has to say yes after it."
    )


class Rollback(Strict):
    """What a rollback means, and until when it is safe."""

    automatic: StrictBool = Field(
        default=True,
        description="Whether a failed gate rolls back by itself; else it halts and asks.",
    )
    unsafe_after: str = Field(
        default="",
        max_length=80,
        description="The step (shift-25) or hook from whose start on no rollback is safe.",
    )
    reason: str = Field(
        default="", max_length=500, description="Why; shown to whoever asks for a rollback then."
    )


class Retire(Strict):
    """When blue is taken out of the gateway: the point of no return."""

    policy: Literal["approval", "never"] = Field(
        default="approval", description="After a person typed the cluster's name, or never."
    )
    hold_s: Seconds = Field(
        default=86_400.0,
        alias="hold",
        description="How long blue is kept, for a way back, before a person is asked.",
    )
    idle_s: Seconds = Field(
        default=300.0,
        alias="idle",
        description="How long blue must have no request, no stream and no sticky user then.",
    )


NewsKind = Literal["stage", "gate", "approval", "rollback", "halt", "end"]
_NEWS: tuple[NewsKind, ...] = ("stage", "gate", "approval", "rollback", "halt", "end")


class Receiver(Strict):
    """What every receiver of news has."""

    events: tuple[NewsKind, ...] = Field(
        default=_NEWS, min_length=1, description="What is sent; everything if absent."
    )
    timeout_s: Seconds = Field(
        default=10.0, alias="timeout", gt=0, le=300, description="How long one delivery may take."
    )


class Webhook(Receiver):
    """CloudEvents by HTTP POST."""

    type: Literal["webhook"] = Field(description="CloudEvents by HTTP POST.")
    url: Url | None = Field(
        default=None, description="Where to; if the address itself is secret, use urlEnv."
    )
    url_env: EnvName | None = Field(
        default=None, description="The environment variable that holds the address."
    )
    headers_env: dict[HeaderName, EnvName] = Field(
        default_factory=dict,
        max_length=16,
        description="Headers whose values stand in these environment variables.",
    )

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("needs url or urlEnv, one of the two")
        return self


class CommandReceiver(Receiver):
    """A command that gets the event as JSON on standard input."""

    type: Literal["command"] = Field(description="A command; the event is its standard input.")
    run: Command = Field(description="The program and its arguments; no shell.")


AnyReceiver = Annotated[Webhook | CommandReceiver, Field(discriminator="type")]
