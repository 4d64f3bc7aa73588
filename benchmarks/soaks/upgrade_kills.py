"""Kills of whoever runs an upgrade, at moments spread over whole upgrades."""

import random
from collections import Counter
from collections.abc import Sequence

from benchmarks.soaks.proof import Kind, Proof, Trial, add_up, count_right, tell_counts
from tests.support.site import Site
from tests.support.upgrade_kills import UpgradeTrial, Way, kill_runners

KILLS = 50
KILLS_EACH = (2, 4)
"""So few and so many moments are drawn for one upgrade; those after its end kill nobody."""
OTHERS_KEPT = 5
WAYS = (Way.COMPLETES, Way.COMPLETES, Way.FAULTY, Way.ORDERED)
"""In turn."""


async def run(site: Site, rng: random.Random, kept: Sequence[Trial]) -> Trial:
    """Run one upgrade."""
    number = len(kept)
    kills = min(rng.randint(*KILLS_EACH), KILLS - count_kills(kept))
    way = WAYS[number % len(WAYS)]
    return describe(await kill_runners(site, rng, way, f"upgrade-{number}", kills=kills))


def describe(trial: UpgradeTrial) -> Trial:
    """Return what is kept of a trial."""
    return {
        "way": trial.way.value,
        "end": trial.end,
        "took_s": round(trial.took_s, 1),
        "kills": [
            {
                "runner": kill.runner,
                "moment_s": round(kill.moment_s, 2),
                "stage": kill.stage,
                "step": kill.step,
            }
            for kill in trial.kills
        ],
        "requests": trial.requests,
        "failed": len(trial.failures),
        "failed_by_others": len(trial.others),
        "hooks": dict(trial.hook_runs),
        "asked": sum(trial.asked.values()),
        "redone": sum(trial.redone.values()),
        "is_journal_clean": trial.is_journal_clean,
        "others": [
            {"at": f.sent_at, "took_s": round(f.ended_at - f.sent_at, 3), "error": f.error}
            for f in trial.others[:OTHERS_KEPT]
        ],
        "wrongs": trial.wrongs,
        "is_right": not trial.wrongs,
    }


def count_kills(trials: Sequence[Trial]) -> int:
    """Return how often a runner was killed in an upgrade."""
    return sum(len(trial["kills"]) for trial in trials)


def tell(trials: Sequence[Trial]) -> Sequence[str]:
    """Return the figures of the table."""
    kills = [kill for trial in trials for kill in trial["kills"]]
    hooks = str(sum(sum(trial["hooks"].values()) for trial in trials))
    return [
        count_right(trials),
        f"{len(kills)}: {tell_counts(Counter(kill['stage'] for kill in kills))}",
        tell_counts(Counter(kill["runner"] for kill in kills)),
        tell_counts(Counter(trial["end"] for trial in trials)),
        f"{sum(trial['is_journal_clean'] for trial in trials)}",
        add_up(trials, "requests"),
        add_up(trials, "failed"),
        add_up(trials, "failed_by_others"),
        ", ".join((hooks, add_up(trials, "asked"), add_up(trials, "redone"))),
    ]


KIND = Kind(
    columns=(
        "upgrades right",
        "kills by stage",
        "runners killed",
        "ended",
        "journals clean",
        "requests",
        "failed",
        "failed, not by a faulty green",
        "hooks run, asked about, run again as told",
    ),
    right="the upgrade ended completed or rolled back, as it would have without a death, and "
    "traffic is there; its journal is clean; no request failed but those that a faulty green "
    "answered; hooks that may not be repeated ran once, or again because a person said so.",
    tell=tell,
)
PROOFS = (
    Proof(
        name="upgrade-kills",
        text="kill -9 of the runner (`bascule run` or `bascule upgrade start`) at random moments "
        "over whole upgrades, under load",
        kind=KIND,
        run=run,
        is_whole=lambda kept: count_kills(kept) >= KILLS,
    ),
)
