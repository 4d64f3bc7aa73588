"""(e) Start time and memory of `bascule --help` and `bascule status`.

CPU time is user and system time of the process and its children; memory is the peak resident set.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Section, Target, median, write_section

RUNS = 11
HELP_CPU_MS_MAX = 150


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command took."""

    cpu_ms: float
    peak_mib: float


def measure_command(arguments: list[str], state: Path) -> Cost:
    """Run `bascule ARGUMENTS` once and return its cost; its exit code does not matter here."""
    environment = {**os.environ, "XDG_STATE_HOME": str(state)}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("bascule")), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return Cost(cpu_ms=1000 * (usage.ru_utime + usage.ru_stime), peak_mib=usage.ru_maxrss / 1024)


def main() -> None:
    """Measure each command in turn, interleaved, and keep the section."""
    commands = {"--help": ["--help"], "status (no runtime)": ["status"], "--version": ["--version"]}
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as state:
        for _ in range(RUNS):
            for name, arguments in commands.items():
                costs[name].append(measure_command(arguments, Path(state)))
    cpu = {name: median([c.cpu_ms for c in found]) for name, found in costs.items()}
    help_ms = cpu["--help"]
    rows = [
        [
            f"`bascule {name}`",
            f"{cpu[name]:.0f}",
            f"{min(c.cpu_ms for c in found):.0f} to {max(c.cpu_ms for c in found):.0f}",
            f"{max(c.peak_mib for c in found):.0f}",
        ]
        for name, found in costs.items()
    ]
    write_section(
        Section(
            name="startup",
            title="Start of a verb",
            command="make bench ARGS=startup",
            columns=["command", "CPU ms, median", "CPU ms, range", "peak MiB"],
            rows=rows,
            targets=[
                Target(
                    text=f"`bascule --help` under {HELP_CPU_MS_MAX} ms of CPU: {help_ms:.0f} ms",
                    is_met=help_ms < HELP_CPU_MS_MAX,
                )
            ],
        )
    )


if __name__ == "__main__":
    main()
