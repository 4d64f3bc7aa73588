"""Long proofs, whole: each trial breaks something at a seeded moment and looks at how it ends.

`make soak PROOF=runtime-kills SEED=1` goes on where the last call with that seed ended, and writes
SOAK.md with the count per end state. A part stops after PART_S; call it again for the rest.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.soaks import appgw_storm, apply_kills, regressions, switch_kills, upgrade_kills
from benchmarks.soaks.proof import RESULTS, Kind, read_trials, run_part

PAGE = Path(__file__).parent / "SOAK.md"
MODULES = (switch_kills, upgrade_kills, regressions, apply_kills, appgw_storm)
PROOFS = {proof.name: proof for module in MODULES for proof in module.PROOFS}


def render_page() -> str:
    """Return SOAK.md from all kept trials."""
    lines = ["# Soak", "", "Written by `make soak PROOF=name SEED=s`."]
    for module in MODULES:
        lines += ["", *_render_kind(module.KIND)]
    return "\n".join(lines) + "\n"


def _render_kind(kind: Kind) -> Iterator[str]:
    proofs = [proof for proof in PROOFS.values() if proof.kind is kind]
    columns = ("proof", "seed", *kind.columns)
    yield _row(*columns)
    yield _row(*("---" for _ in columns))
    for proof in proofs:
        for path in sorted(RESULTS.glob(f"{proof.name}-*.json")):
            seed = path.stem.removeprefix(f"{proof.name}-")
            trials = read_trials(proof.name, int(seed))
            progress = "" if proof.is_whole(trials) else " (unfinished)"
            yield _row(proof.name, f"{seed}{progress}", *kind.tell(trials))
    yield ""
    yield from (f"- `{proof.name}`: {proof.text}." for proof in proofs)
    yield from ("", f"Right: {kind.right}")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Run one part of a proof; returns 1 if a trial went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--proof", choices=sorted(PROOFS), required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trials = asyncio.run(run_part(PROOFS[options.proof], options.seed))
    PAGE.write_text(render_page())
    wrong = [trial for trial in trials if not trial["is_right"]]
    for trial in wrong:
        print(f"wrong: {json.dumps(trial)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
