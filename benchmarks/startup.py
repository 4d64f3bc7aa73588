"""(e) Start time and memory of `bascule --help` and of the verbs that only read.

CPU time is user and system time of the process and its children; memory is the peak resident set.
Bytecode is cached, as it is where the package is installed.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bascule.storage.sqlite import open_journal
from bascule.upgrade.run.events import Ended, RunEvent
from bascule.upgrade.run.stages import Stage
from benchmarks.figures import Section, Target, median, write_section
from tests.support.plans import build_plan
from tests.support.run_records import run_records
from tests.support.runs import NAME, begin_event, ended, entered, started, waits

RUNS = 11
HELP_CPU_MS_MAX = 150
READING_CPU_MS_MAX = 100
READING = ("status", "upgrade status", "upgrade history")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command took."""

    cpu_ms: float
    peak_mib: float


def measure_command(arguments: list[str], state: Path) -> Cost:
    """Run `bascule ARGUMENTS` once and return its cost; its exit code does not matter here."""
    environment = {**os.environ, "XDG_STATE_HOME": str(state)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(state / "bytecode")
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("bascule")), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return Cost(cpu_ms=1000 * (usage.ru_utime + usage.ru_stime), peak_mib=usage.ru_maxrss / 1024)


def write_journal(state: Path) -> None:
    """Write the journal of a gateway with one whole upgrade in it."""
    plan = build_plan()
    events: list[RunEvent] = [begin_event(plan)]
    stage = Stage.PREFLIGHT
    for step in plan.steps:
        if step.stage is not stage:
            stage = step.stage
            events.append(entered(stage))
        events += [started(step.key), waits(step.key, "it holds"), ended(step.key)]
    events.append(Ended(upgrade=NAME, stage=Stage.COMPLETED))
    entries = [record.entry for record in run_records(*events)]
    with open_journal(state / "bascule" / "shop" / "journal.db", as_owner=True) as journal:
        asyncio.run(journal.append(entries, expected_seq=0))


def main() -> None:
    """Measure each command in turn, interleaved, and keep the section."""
    names = ("--help", "--version", *READING)
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        write_journal(state)
        for name in names:
            measure_command(name.split(), state)
        for _ in range(RUNS):
            for name in names:
                costs[name].append(measure_command(name.split(), state))
    cpu = {name: median([c.cpu_ms for c in found]) for name, found in costs.items()}
    rows = [
        [
            f"`bascule {name}`",
            f"{cpu[name]:.0f}",
            f"{min(c.cpu_ms for c in found):.0f} to {max(c.cpu_ms for c in found):.0f}",
            f"{max(c.peak_mib for c in found):.0f}",
        ]
        for name, found in costs.items()
    ]
    limits = {"--help": HELP_CPU_MS_MAX, **dict.fromkeys(READING, READING_CPU_MS_MAX)}
    write_section(
        Section(
            name="startup",
            title="Start of a verb",
            command="make bench ARGS=startup",
            columns=["command", "CPU ms, median", "CPU ms, range", "peak MiB"],
            rows=rows,
            targets=[
                Target(
                    text=f"`bascule {name}` under {limit} ms of CPU: {cpu[name]:.0f} ms",
                    is_met=cpu[name] < limit,
                )
                for name, limit in limits.items()
            ],
            notes=["The verbs that read do so without a runtime, from a journal with one upgrade."],
        )
    )


if __name__ == "__main__":
    main()
