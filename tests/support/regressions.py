"""Plants a fault in green, runs an upgrade under load, and tells what was caught, where and how.

Whatever the fault, users may get failures of green itself and nothing else; blue gets all traffic
back by itself. A green without a fault takes over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.asking import Answer, under_load
from tests.support.site import Site
from tests.support.upgrades import (
    Course,
    Shape,
    find_answering,
    find_hung,
    plant,
    run_upgrade,
)

ROLLED_BACK_CODE = 8
STAMP_SLACK_S = 2.0
"""The gateway counts once a second, so a failure may stand in the look after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A fault, the upgrade and the load that are to show it, and where it has to be caught."""

    fault: str
    shape: Shape
    rate: float
    caught_at: frozenset[str]
    """The steps that may catch it: the smallest ones with enough traffic; none: it completes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an upgrade with a fault in green came to."""

    regression: Regression
    course: Course
    requests: int
    failures: tuple[Answer, ...]
    others: tuple[Answer, ...]
    """The failures that green has not made itself."""
    answered_by: frozenset[str]

    @property
    def wrongs(self) -> list[str]:
        """Return what is not as it must be; nothing if all is."""
        wanted = self.regression.caught_at
        status, report = self.course.status, self.course.report["failures"]
        found: Mapping[str, tuple[object, object]] = {
            "exit code": (self.course.code, ROLLED_BACK_CODE if wanted else 0),
            "stage": (status["stage"], "rolled_back" if wanted else "completed"),
            "by itself": (status["rollback"]["is_automatic"], True if wanted else None),
            "answered by": (self.answered_by, frozenset({"blue" if wanted else "green"})),
            "failures of others": (len(self.others), 0),
            "failures of others, by the report": (report["other_than_green"], 0),
            "failures of blue, by the report": (report["blue"], 0),
        }
        wrongs = [
            f"{name}: {seen!r}, not {due!r}" for name, (seen, due) in found.items() if seen != due
        ]
        untold = self.find_untold()
        if untold:
            wrongs.append(f"the report does not tell of {len(untold)}, first {untold[0]}")
        if self.course.caught_at not in (wanted or {""}):
            wrongs.append(f"caught at {self.course.caught_at!r}, not at {sorted(wanted)}")
        return wrongs

    def find_untold(self) -> tuple[Answer, ...]:
        """Return the failures that the report does not tell of: by when green failed requests.

        Of those that got no answer it tells how many were given up, and how many were open when
        it ended; not when.
        """
        spans = [
            (datetime.fromisoformat(span["from_at"]), datetime.fromisoformat(span["to_at"]))
            for span in self.report["spans"]
            if span["cluster"] == "green"
        ]
        answered = [f for f in self.failures if f.cluster]
        waited = tuple(f for f in self.failures if not f.cluster)
        untold = tuple(
            f
            for f in answered
            if not any(
                begin.timestamp() - STAMP_SLACK_S <= f.ended_at <= end.timestamp() + STAMP_SLACK_S
                for begin, end in spans
            )
        )
        open_last = self.course.report["traffic"]["clusters"]["green"]["open_last"]
        return untold + waited[self.report["green_given_up"] + open_last :]

    @property
    def report(self) -> Mapping[str, Any]:
        """Return what the product's report says of failures."""
        failures: Mapping[str, Any] = self.course.report["failures"]
        return failures


REGRESSIONS: Mapping[str, Regression] = {
    found.fault: found
    for found in (
        Regression(
            fault="healthy",
            shape=Shape(),
            rate=100.0,
            caught_at=frozenset(),
        ),
        Regression(
            fault="errors",
            shape=Shape(steps=((5, 2.0), (50, 8.0), (100, 1.0))),
            rate=400.0,
            caught_at=frozenset({"shift-5-hold", "shift-50-hold"}),
        ),
        Regression(
            fault="slow",
            shape=Shape(steps=((5, 6.0), (50, 4.0), (100, 1.0)), min_requests=100),
            rate=300.0,
            caught_at=frozenset({"shift-5-hold"}),
        ),
        Regression(
            fault="wrong",
            shape=Shape(verify_s=2.0),
            rate=100.0,
            caught_at=frozenset({"verify"}),
        ),
        Regression(
            fault="hang",
            shape=Shape(
                steps=((5, 60.0), (50, 5.0), (100, 1.0)),
                checks=(),
            ),
            rate=200.0,
            caught_at=frozenset({"shift-5-hold"}),
        ),
    )
}


async def find_regression(site: Site, regression: Regression, name: str) -> Found:
    """Run one upgrade of a site whose traffic is all on blue."""
    await plant(site, regression.fault)
    async with under_load(site.port, rate=regression.rate) as load:
        course = await run_upgrade(site, name, regression.shape)
        answered_by = await find_answering(site)
    hung = await find_hung(site, "green")
    return Found(
        regression=regression,
        course=course,
        requests=load.sent,
        failures=load.failures,
        others=tuple(f for f in load.failures if f.cluster != "green" and f.number not in hung),
        answered_by=frozenset(answered_by),
    )
