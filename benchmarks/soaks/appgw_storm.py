"""Storms on an Application Gateway that serves, with If-Match honoured and without."""

import logging
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import structlog

from benchmarks.soaks.proof import Kind, Proof, Trial, add_up, count_right
from tests.support.appgw_storm import Storm
from tests.support.appgw_storm_site import IfMatch, live_site
from tests.support.asking import under_load

TRIALS = 20
STEPS = 8
RATE = 50.0
SETTLING_FACTOR = 500.0
MODES: tuple[IfMatch, IfMatch] = ("honour", "ignore")
"""In turn."""


async def run(folder: Path, rng: random.Random, kept: Sequence[Trial]) -> Trial:
    """Run one storm, in a lab of its own."""
    seed, if_match = rng.randint(1, 1_000_000), MODES[len(kept) % len(MODES)]
    with tempfile.TemporaryDirectory(dir=folder) as directory:
        async with live_site(Path(directory) / "lab", seed, if_match) as site:
            storm = Storm(site=site, seed=seed, steps=STEPS)
            await storm.begin()
            async with under_load(site.port, rate=RATE, address=site.address) as load:
                await storm.rage()
            site.clock.factor = SETTLING_FACTOR
            outcome = await storm.judge()
    is_kept = if_match == "ignore" or not (outcome.lost or outcome.told)
    return {
        "if_match": if_match,
        **asdict(outcome),
        "requests": len(load.answers),
        "failed": len(load.failures),
        "failures": [each.error for each in load.failures[:5]],
        "is_right": is_kept and not outcome.wrong and not load.failures,
    }


def tell(trials: Sequence[Trial]) -> Sequence[str]:
    """Return the figures of the table."""
    return [
        count_right(trials),
        f"{add_up(trials, 'struck')} of {add_up(trials, 'calls')}",
        f"{add_up(trials, 'steps')} by {add_up(trials, 'puts')}",
        add_up(trials, "theirs"),
        ", ".join(add_up([t for t in trials if t["if_match"] == mode], "lost") for mode in MODES),
        add_up(trials, "told"),
        add_up(trials, "false_alarms"),
        add_up(trials, "requests"),
        add_up(trials, "failed"),
    ]


@contextmanager
def open_folder(folder: Path) -> Iterator[Path]:
    """Yield where each trial makes a lab of its own; of each call's fate nothing is printed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield folder


KIND = Kind(
    columns=(
        "storms right",
        "our calls that failed",
        "our changes by PUTs sent",
        "PUTs of somebody else",
        "of these lost with If-Match, without",
        "told of",
        "told of though they were kept",
        "requests",
        "failed",
    ),
    right="what was asked for last is live, and a restart sends nothing; what was said to be live "
    "was; with If-Match nothing of somebody else's is lost, without it each loss is told of, by "
    "whom and when; no request failed.",
    tell=tell,
)
PROOFS = (
    Proof(
        name="appgw-storm",
        text="switches, rollbacks and changes of pods on an Application Gateway while 3 in 10 "
        "calls fail (errors, throttling, hangs, lost answers), operations are slow or fail, the "
        "platform is busy, and somebody else adds pools with unconditional PUTs, under load; with "
        "If-Match honoured and without, in turn",
        kind=KIND,
        run=run,
        open=open_folder,
        is_whole=lambda kept: len(kept) >= TRIALS,
    ),
)
