"""What a check is: kubectl commands with what the Kubernetes documentation says they print."""

import fnmatch
import re
import shlex
from dataclasses import dataclass

from tests.integration.kubectl.cluster import Outcome, RunningCluster

_AGE = re.compile(r"^(\d+(ms|[smhdy]))+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command and its expected outcome; `{ns}` is the namespace of the check,
    and `{last}` in `stdin` what the step before printed.

    `rows` are lines of a table, cell by cell: `*` and `?` are wildcards, `AGE` is any age.
    """

    run: str
    stdin: str = ""
    code: int = 0
    out: str | None = None
    rows: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    like: str = ""
    err: str | None = None
    err_has: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One behaviour: objects that are there before, then commands one after the other.

    `docs` is the page that the expectation was written from, below https://kubernetes.io/docs/.
    `feature` names the switch of the lab without which this check must fail.
    """

    name: str
    docs: str
    steps: tuple[Step, ...]
    given: str = ""
    feature: str = ""
    cleanup: tuple[str, ...] = ()


def perform(check: Check, cluster: RunningCluster, namespace: str) -> None:
    """Run a check in a fresh namespace; AssertionError says which expectation is not met."""
    cluster.create_namespace(namespace)
    if check.given:
        cluster.create_all(check.given.replace("{ns}", namespace), namespace)
    try:
        _follow(check.steps, cluster, namespace)
    finally:
        for command in check.cleanup:
            cluster.kubectl(*shlex.split(command), namespace=namespace)


def _follow(steps: tuple[Step, ...], cluster: RunningCluster, namespace: str) -> None:
    last = ""
    for step in steps:
        command = shlex.split(step.run.replace("{ns}", namespace))
        stdin = step.stdin.replace("{ns}", namespace).replace("{last}", last)
        outcome = cluster.kubectl(*command, namespace=namespace, stdin=stdin)
        last = outcome.out
        problems = _problems(step, outcome, namespace)
        assert not problems, _report(step, outcome, problems)


def _problems(step: Step, outcome: Outcome, namespace: str) -> list[str]:
    def fill(text: str) -> str:
        return text.replace("{ns}", namespace)

    problems = []
    if outcome.code != step.code:
        problems.append(f"exit code is {outcome.code}, not {step.code}")
    if step.out is not None and outcome.out != fill(step.out):
        problems.append(f"stdout is not {fill(step.out)!r}")
    if step.err is not None and outcome.err != fill(step.err):
        problems.append(f"stderr is not {fill(step.err)!r}")
    if step.like and not re.fullmatch(fill(step.like), outcome.out, re.DOTALL):
        problems.append(f"stdout is not like {fill(step.like)!r}")
    problems += [
        f"stdout lacks {fill(text)!r}" for text in step.has if fill(text) not in outcome.out
    ]
    problems += [
        f"stderr lacks {fill(text)!r}" for text in step.err_has if fill(text) not in outcome.err
    ]
    if step.rows:
        problems += _row_problems([fill(row) for row in step.rows], outcome.out)
    return problems


def _row_problems(rows: list[str], out: str) -> list[str]:
    lines = [line for line in out.splitlines() if line.strip()]
    if len(lines) != len(rows):
        return [f"there are {len(lines)} lines, not {len(rows)}"]
    return [
        f"line {line!r} is not {row!r}"
        for row, line in zip(rows, lines, strict=True)
        if not _is_row(row.split(), line.split())
    ]


def _is_row(wanted: list[str], cells: list[str]) -> bool:
    return len(wanted) == len(cells) and all(map(_is_cell, wanted, cells))


def _is_cell(wanted: str, cell: str) -> bool:
    if wanted == "AGE" and cell != "AGE":
        return _AGE.match(cell) is not None
    return fnmatch.fnmatchcase(cell, wanted.replace("[", "[[]"))


def _report(step: Step, outcome: Outcome, problems: list[str]) -> str:
    return "\n".join(
        (
            f"kubectl {step.run}",
            *problems,
            f"--- stdout\n{outcome.out}",
            f"--- stderr\n{outcome.err}",
        )
    )
