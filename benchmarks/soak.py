"""Long proofs, whole: each trial kills something at a seeded moment and looks at how it ends.

`make soak PROOF=runtime-kills SEED=1` goes on where the last call with that seed ended, and writes
SOAK.md with the count per end state. A part stops after PART_S; call it again for the rest.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.kills import Trial, kill_envoy, kill_runtime
from tests.support.network import free_port
from tests.support.site import Site, open_site

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "soak"
PAGE = HERE / "SOAK.md"
TRIALS = 20
PART_S = 1_100.0
COLUMNS = (
    *("proof", "seed", "trials", "right", "orders ended", "requests", "failed"),
    "failed while Envoy was ready",
)
RIGHT = (
    "Right: traffic ended where the last recorded intent says, and no request failed but between "
    "Envoy's death and its readiness, both stamped by the runtime."
)

PROOFS: Mapping[str, tuple[str, Callable[[Site, random.Random], Awaitable[Trial]]]] = {
    "runtime-kills": ("kill -9 of the runtime during a switch, under load", kill_runtime),
    "envoy-kills": ("kill -9 of Envoy during a switch, under load", kill_envoy),
}


def describe(trial: Trial) -> dict[str, Any]:
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


async def run_trials(proof: str, seed: int) -> list[dict[str, Any]]:
    """Run what is missing of a proof's trials; each has a seed of its own."""
    kept = read_trials(proof, seed)
    deadline_s = time.monotonic() + PART_S
    _, kill = PROOFS[proof]
    with (
        tempfile.TemporaryDirectory(prefix="bascule-soak-") as folder,
        open_site(Path(folder), name="soak", port=free_port()) as site,
    ):
        site.start_runtime()
        while len(kept) < TRIALS and time.monotonic() < deadline_s:
            rng = random.Random(f"{proof}-{seed}-{len(kept)}")  # noqa: S311 - moments, no secrets
            trial = describe(await kill(site, rng))
            kept.append(trial)
            write_trials(proof, seed, kept)
            print(f"{proof} {seed} {len(kept)}/{TRIALS}: {json.dumps(trial)}", flush=True)
    return kept


def read_trials(proof: str, seed: int) -> list[dict[str, Any]]:
    """Return the trials of earlier parts."""
    path = RESULTS / f"{proof}-{seed}.json"
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return found


def write_trials(proof: str, seed: int, trials: list[dict[str, Any]]) -> None:
    """Keep the trials, so that a part can go on where the last one ended."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{proof}-{seed}.json").write_text(json.dumps(trials, indent=1) + "\n")


def render_page() -> str:
    """Return SOAK.md from all kept trials."""
    lines = ["# Soak", "", "Written by `make soak PROOF=name SEED=s`.", ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    lines += ["| " + " | ".join(render_row(path)) + " |" for path in sorted(RESULTS.glob("*.json"))]
    lines += ["", *(f"- `{name}`: {text}." for name, (text, _) in PROOFS.items()), "", RIGHT]
    return "\n".join(lines) + "\n"


def render_row(path: Path) -> list[str]:
    """Return the row of one proof with one seed."""
    proof, _, seed = path.stem.rpartition("-")
    trials = json.loads(path.read_text())
    ends = Counter(trial["result"] for trial in trials)
    return [
        proof,
        seed,
        f"{len(trials)} of {TRIALS}",
        str(sum(trial["is_right"] for trial in trials)),
        ", ".join(f"{count} {end}" for end, count in sorted(ends.items())),
        f"{sum(trial['requests'] for trial in trials):,}",
        str(sum(trial["failed"] for trial in trials)),
        str(sum(trial["failed_while_envoy_was_ready"] for trial in trials)),
    ]


def main() -> int:
    """Run one part of a proof; returns 1 if a trial went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--proof", choices=sorted(PROOFS), required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trials = asyncio.run(run_trials(options.proof, options.seed))
    PAGE.write_text(render_page())
    wrong = [trial for trial in trials if not trial["is_right"]]
    for trial in wrong:
        print(f"wrong: {json.dumps(trial)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
