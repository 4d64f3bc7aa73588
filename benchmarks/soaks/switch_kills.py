"""Kills of the runtime and of Envoy in the middle of a switch."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from benchmarks.soaks.proof import Kind, Proof, Trial, add_up, count_right, tell_counts
from tests.support.kills import Trial as Killed
from tests.support.kills import kill_envoy, kill_runtime
from tests.support.site import Site

TRIALS = 20


def describe(trial: Killed) -> Trial:
    """Return what is kept of a trial."""
    return {
        "moment_ms": round(1000 * trial.moment_s, 2),
        "result": trial.result.value if trial.result else "not taken",
        "wanted": trial.wanted.value,
        "answered_by": trial.answered_by,
        "requests": trial.requests,
        "failed": len(trial.failures),
        "failed_while_envoy_was_ready": len(trial.unexcused),
        "is_right": trial.is_right,
    }


def tell(trials: Sequence[Trial]) -> Sequence[str]:
    """Return the figures of the table."""
    return [
        count_right(trials),
        tell_counts(Counter(trial["result"] for trial in trials)),
        add_up(trials, "requests"),
        add_up(trials, "failed"),
        add_up(trials, "failed_while_envoy_was_ready"),
    ]


KIND = Kind(
    columns=("right", "orders ended", "requests", "failed", "failed while Envoy was ready"),
    right="traffic ended where the last recorded intent says, and no request failed but between "
    "Envoy's death and its readiness, both stamped by the runtime.",
    tell=tell,
)


def _proof(name: str, text: str, kill: Callable[[Site, random.Random], Awaitable[Killed]]) -> Proof:
    async def run(site: Site, rng: random.Random, kept: Sequence[Trial]) -> Trial:
        del kept
        return describe(await kill(site, rng))

    return Proof(
        name=name, text=text, kind=KIND, run=run, is_whole=lambda kept: len(kept) >= TRIALS
    )


PROOFS = (
    _proof("runtime-kills", "kill -9 of the runtime during a switch, under load", kill_runtime),
    _proof("envoy-kills", "kill -9 of Envoy during a switch, under load", kill_envoy),
)
