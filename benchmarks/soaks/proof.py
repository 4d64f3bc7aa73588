"""What a long proof is: seeded trials, one after the other, each kept as a plain document."""

import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.network import free_port
from tests.support.site import Site, open_site

RESULTS = Path(__file__).parents[1] / "results" / "soak"
PART_S = 1_100.0

Trial = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Trials that are told in the same table."""

    columns: Sequence[str]
    """Beside proof and seed."""
    right: str
    """When a trial is right."""
    tell: Callable[[Sequence[Trial]], Sequence[str]]
    """What stands in the columns."""


@contextmanager
def open_gateway(folder: Path) -> Iterator[Site]:
    """Yield a lab with a gateway and its runtime."""
    with open_site(folder, name="soak", port=free_port()) as site:
        site.start_runtime()
        yield site


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof by trials on one site."""

    name: str
    text: str
    kind: Kind
    run: Callable[[Any, random.Random, Sequence[Trial]], Awaitable[Trial]]
    """Run the trial after these where `open` leads; its document says `is_right`."""
    open: Callable[[Path], AbstractContextManager[Any]] = open_gateway
    is_whole: Callable[[Sequence[Trial]], bool]


async def run_part(proof: Proof, seed: int) -> list[Trial]:
    """Run what is missing of a proof's trials, for PART_S at most; each has a seed of its own."""
    kept = read_trials(proof.name, seed)
    deadline_s = time.monotonic() + PART_S
    if proof.is_whole(kept):
        return kept
    with (
        tempfile.TemporaryDirectory(prefix="bascule-soak-") as folder,
        proof.open(Path(folder)) as site,
    ):
        while not proof.is_whole(kept) and time.monotonic() < deadline_s:
            rng = random.Random(f"{proof.name}-{seed}-{len(kept)}")  # noqa: S311 - no secrets
            trial = await proof.run(site, rng, kept)
            kept.append(trial)
            write_trials(proof.name, seed, kept)
            print(f"{proof.name} {seed} {len(kept)}: {json.dumps(trial)}", flush=True)
    return kept


def read_trials(proof: str, seed: int) -> list[Trial]:
    """Return the trials of earlier parts."""
    path = RESULTS / f"{proof}-{seed}.json"
    found: list[Trial] = json.loads(path.read_text()) if path.exists() else []
    return found


def write_trials(proof: str, seed: int, trials: Sequence[Trial]) -> None:
    """Keep the trials, so that a part can go on where the last one ended."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{proof}-{seed}.json").write_text(json.dumps(trials, indent=1) + "\n")


def count_right(trials: Sequence[Trial]) -> str:
    return f"{sum(trial['is_right'] for trial in trials)} of {len(trials)}"


def add_up(trials: Sequence[Trial], name: str) -> str:
    return f"{sum(trial[name] for trial in trials):,}"


def tell_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
