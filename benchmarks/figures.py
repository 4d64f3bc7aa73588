"""Figures of a benchmark, their targets, and the page that shows them."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent / "RESULTS.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was promised, and whether this run kept it; `is_required` ones fail the benchmark."""

    text: str
    is_met: bool
    is_required: bool = False


def describe_machine() -> str:
    """Return cores, processor and versions in one line."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}, {python_version()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One benchmark's result: a table, the targets, and what a reader should know."""

    name: str
    title: str
    command: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()
    machine: str = field(default_factory=describe_machine)


def python_version() -> str:
    """Return the interpreter's version as a word."""
    return f"Python {platform.python_version()}"


def median(values: Sequence[float]) -> float:
    """Return the median; the figure that every table shows first."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile of `values`, which must not be empty."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered) + 0.5) - 1))
    return ordered[rank]


def write_section(section: Section) -> None:
    """Keep a section's result, so that the page can be made without running all anew."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{section.name}.json").write_text(json.dumps(asdict(section), indent=1) + "\n")


def read_sections(names: Sequence[str]) -> list[Section]:
    """Return the kept sections in the order of `names`; those never run are left out."""
    found = []
    for name in names:
        path = RESULTS / f"{name}.json"
        if path.exists():
            kept = json.loads(path.read_text())
            targets = [Target(**t) for t in kept.pop("targets")]
            found.append(Section(targets=targets, **kept))
    return found


def render_page(sections: Sequence[Section]) -> str:
    """Return RESULTS.md: each section with its command, table, targets and notes."""
    parts = [
        "# Results",
        "",
        "Written by `make bench`. Each section names the command that makes it anew.",
    ]
    for section in sections:
        parts += ["", f"## {section.title}", "", f"`{section.command}`", "", section.machine, ""]
        parts.append("| " + " | ".join(section.columns) + " |")
        parts.append("| " + " | ".join("---" for _ in section.columns) + " |")
        parts += ["| " + " | ".join(row) + " |" for row in section.rows]
        if section.targets:
            parts.append("")
        parts += [render_target(target) for target in section.targets]
        for note in section.notes:
            parts += ["", note]
    return "\n".join(parts) + "\n"


def render_target(target: Target) -> str:
    """Return a target as a list item: met or missed, and what it says."""
    verdict = "met" if target.is_met else "**missed**"
    required = " (required)" if target.is_required else ""
    return f"- {verdict}{required}: {target.text}"
