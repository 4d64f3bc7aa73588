"""Kills of `bascule platform apply`, while a third of Azure's answers go wrong."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from benchmarks.soaks.proof import Kind, Proof, Trial, add_up, count_right
from tests.support.apply_kills import kill_applies, open_azure_lab

KILLS = 50
KILLS_EACH = 5
"""So many moments are drawn for one platform; those after its end kill nobody."""


async def run(folder: Path, rng: random.Random, kept: Sequence[Trial]) -> Trial:
    """Have one platform made, in an Azure of its own."""
    number = len(kept)
    kills = min(KILLS_EACH, KILLS - count_kills(kept))

    def make() -> Trial:
        with open_azure_lab(folder / str(number), "soak") as lab:
            trial = kill_applies(lab, rng, f"platform-{number}", kills=kills)
        return {
            "kills": trial.kills,
            "runs": trial.runs,
            "resources": len(trial.made),
            "took_s": trial.took_s,
            "wrongs": list(trial.wrongs),
            "is_right": not trial.wrongs,
        }

    return await asyncio.to_thread(make)


def count_kills(trials: Sequence[Trial]) -> int:
    """Return how often an apply was killed."""
    return sum(len(trial["kills"]) for trial in trials)


def tell(trials: Sequence[Trial]) -> Sequence[str]:
    """Return the figures of the table."""
    return [
        count_right(trials),
        f"{count_kills(trials)}",
        add_up(trials, "runs"),
        add_up(trials, "resources"),
    ]


KIND = Kind(
    columns=("platforms right", "kills", "runs of apply", "resources in the end"),
    right="a further `apply` completes the platform; the plan is empty then; no resource was made "
    "twice and none is lost; nobody saw a stack trace.",
    tell=tell,
)
PROOFS = (
    Proof(
        name="apply-kills",
        text="kill -9 of `bascule platform apply` at random moments, with 30 % of the calls and "
        "operations failing: errors, throttling, lost answers, failed operations",
        kind=KIND,
        open=nullcontext,
        run=run,
        is_whole=lambda kept: count_kills(kept) >= KILLS,
    ),
)
