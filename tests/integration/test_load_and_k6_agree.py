"""Two judges that share nothing but the rules look at the same planted failures."""

import asyncio
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from bascule.lab.load.plan import Lane, LaneKind, Plan, Target
from tests.support.faulty_server import Fault, FaultyServer, Planted
from tests.support.load_run import run_load

RATE = 100
SECONDS = 1
TIMEOUT_S = 0.5

K6_SCRIPT = """
import http from 'k6/http';
import { Counter } from 'k6/metrics';

const counters = {
  unavailable: new Counter('planted_unavailable'),
  stall: new Counter('planted_stall'),
  reset: new Counter('planted_reset'),
};
export const options = {
  noConnectionReuse: __ENV.FRESH === '1',
  scenarios: { steady: {
    executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), timeUnit: '1s',
    duration: `${__ENV.SECONDS}s`, preAllocatedVUs: 10, maxVUs: 200,
  } },
};
export default function () {
  const answer = http.get(__ENV.URL, { timeout: `${__ENV.TIMEOUT_MS}ms` });
  if (answer.status === 503) counters.unavailable.add(1);
  else if (answer.error_code === 1050) counters.stall.add(1);
  else if (answer.status !== 200) counters.reset.add(1);
}
export function handleSummary(data) {
  return { [__ENV.OUT]: JSON.stringify(data.metrics) };
}
"""

OUTCOME_BY_ERROR = {
    "reset": Fault.RESET,
    "bad_status": Fault.UNAVAILABLE,
    "timed_out": Fault.STALL,
}


async def seen_by_k6(planted: Planted, directory: Path, *, is_fresh: bool) -> Counter[Fault]:
    k6 = shutil.which("k6")
    if k6 is None:
        pytest.fail("k6 is not on PATH; `make setup` installs it")
    (directory / "script.js").write_text(K6_SCRIPT)
    async with FaultyServer(planted) as server:
        environment = {
            "URL": f"http://127.0.0.1:{server.port}/",
            "RATE": str(RATE),
            "SECONDS": str(SECONDS),
            "TIMEOUT_MS": str(int(TIMEOUT_S * 1000)),
            "FRESH": "1" if is_fresh else "0",
            "OUT": str(directory / "summary.json"),
            "HOME": str(directory),
        }
        process = await asyncio.create_subprocess_exec(
            k6,
            "run",
            "--no-usage-report",
            "--quiet",
            str(directory / "script.js"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    metrics = json.loads((directory / "summary.json").read_text())
    return Counter(
        {
            fault: int(metrics[f"planted_{fault}"]["values"]["count"])
            for fault in Fault
            if f"planted_{fault}" in metrics
        }
    )


async def seen_by_lab(planted: Planted, directory: Path, *, is_fresh: bool) -> Counter[Fault]:
    async with FaultyServer(planted) as server:
        lane = Lane(
            name="steady",
            kind=LaneKind.FRESH if is_fresh else LaneKind.KEEP_ALIVE,
            target=Target(host="127.0.0.1", address="127.0.0.1", port=server.port),
            rate=RATE,
        )
        plan = Plan(lanes=(lane,), duration_max_s=SECONDS, timeout_s=TIMEOUT_S)
        verdict = await run_load(plan, directory)
    found: Counter[Fault] = Counter()
    for failure in verdict.failures:
        found[OUTCOME_BY_ERROR[failure.error]] += failure.count
    return found


def build_planted(*kinds: Fault) -> Planted:
    """Return a server that plants two faults of each kind."""
    places = range(20, 20 + 10 * 2 * len(kinds), 10)
    return Planted(fault_by_request=dict(zip(places, [*kinds, *kinds], strict=True)))


@pytest.mark.parametrize(
    ("is_fresh", "kinds"),
    [(True, tuple(Fault)), (False, (Fault.UNAVAILABLE, Fault.STALL))],
    ids=["fresh-connections", "kept-connections"],
)
async def test_both_judges_see_exactly_what_was_planted(
    tmp_path: Path, *, is_fresh: bool, kinds: tuple[Fault, ...]
) -> None:
    planted = dict.fromkeys(kinds, 2)

    by_k6 = await seen_by_k6(build_planted(*kinds), tmp_path, is_fresh=is_fresh)
    by_lab = await seen_by_lab(build_planted(*kinds), tmp_path, is_fresh=is_fresh)

    assert by_k6 == planted
    assert by_lab == planted


async def test_both_judges_see_nothing_where_nothing_was_planted(tmp_path: Path) -> None:
    by_k6 = await seen_by_k6(Planted(), tmp_path, is_fresh=True)
    by_lab = await seen_by_lab(Planted(), tmp_path, is_fresh=True)

    assert not by_k6
    assert not by_lab


async def test_a_reset_on_a_kept_connection_is_seen_by_the_judge_that_never_retries(
    tmp_path: Path,
) -> None:
    """Go's client sends an idempotent request again, silently, so k6 alone would miss it."""
    by_k6 = await seen_by_k6(build_planted(Fault.RESET), tmp_path, is_fresh=False)
    by_lab = await seen_by_lab(build_planted(Fault.RESET), tmp_path, is_fresh=False)

    assert by_lab == {Fault.RESET: 2}
    assert by_k6[Fault.RESET] < by_lab[Fault.RESET]
