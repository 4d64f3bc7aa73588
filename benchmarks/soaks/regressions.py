"""Faults planted in green: each is caught and goes back by itself; without one, green stays."""

import random
from collections.abc import Sequence

from benchmarks.soaks.proof import Kind, Proof, Trial, add_up, count_right
from tests.support.regressions import REGRESSIONS, Found, find_regression
from tests.support.site import Site
from tests.support.upgrades import go_back

ROUNDS = 1


async def run(site: Site, rng: random.Random, kept: Sequence[Trial]) -> Trial:
    """Run one upgrade, and bring traffic back to blue."""
    del rng
    number = len(kept)
    fault = sorted(REGRESSIONS)[number % len(REGRESSIONS)]
    found = await find_regression(site, REGRESSIONS[fault], f"{fault}-{number}")
    if not found.regression.caught_at:
        go_back(site)
    return describe(found)


def describe(found: Found) -> Trial:
    """Return what is kept of a trial."""
    return {
        "fault": found.regression.fault,
        "end": found.course.status["stage"],
        "caught_at": found.course.caught_at,
        "cause": found.course.status["rollback"]["cause"],
        "took_s": found.course.report["duration_s"],
        "requests": found.requests,
        "failed": len(found.failures),
        "failed_by_others": len(found.others),
        "report": {
            name: value for name, value in found.report.items() if isinstance(value, int | str)
        },
        "wrongs": found.wrongs,
        "is_right": not found.wrongs,
    }


def tell(trials: Sequence[Trial]) -> Sequence[str]:
    """Return the figures of the table."""
    caught = {trial["fault"]: trial["caught_at"] or "completed" for trial in trials}
    return [
        count_right(trials),
        ", ".join(f"{fault}: {where}" for fault, where in sorted(caught.items())),
        add_up(trials, "requests"),
        add_up(trials, "failed"),
        add_up(trials, "failed_by_others"),
        str(sum(trial["report"]["other_than_green"] for trial in trials)),
    ]


KIND = Kind(
    columns=(
        "right",
        "caught at",
        "requests",
        "failed",
        "failed, not by green",
        "the same by the report",
    ),
    right="the fault was caught at the smallest step with enough traffic (a wrong answer before "
    "any step), all traffic went back to blue by itself, and no request failed that green had not "
    "failed itself; a green without a fault was not rolled back.",
    tell=tell,
)
PROOFS = (
    Proof(
        name="regressions",
        text="1 % errors, 50 ms more, a wrong answer on one path and a hang, planted in green",
        kind=KIND,
        run=run,
        is_whole=lambda kept: len(kept) >= ROUNDS * len(REGRESSIONS),
    ),
)
