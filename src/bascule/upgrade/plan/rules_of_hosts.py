"""Rules on the hosts that a plan names: a name that no Ingress has is answered by nobody."""

import difflib
from collections.abc import Iterator, Sequence

from bascule.checks.findings import Finding, Severity
from bascule.routing.cluster.claims import covers_host
from bascule.upgrade.gates.model import CheckType
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.reading import read_arrangements, read_holds, read_weights

NAMED_MAX = 5
"""How many hosts a remedy names."""


def lint_preview_hosts(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Look whether the hosts that are shown exist, and their other names do not."""
    known = _known(facts)
    shown = {
        (alias, host)
        for _, wanted in read_arrangements(plan)
        if wanted.preview is not None
        for alias, host in wanted.preview.hosts.items()
    }
    for alias, host in sorted(shown if known else ()):
        if host not in known or host.startswith("*"):
            yield Finding(
                severity=Severity.BLOCKER,
                code="PreviewOfUnknownHost",
                subject=alias,
                message=f"{alias} is to show {host}, which is no host of this gateway by that name",
                remedy=_guess(host, known) if host not in known else "a wildcard is not shown",
            )
        if alias in known:
            yield Finding(
                severity=Severity.BLOCKER,
                code="PreviewHostTaken",
                subject=alias,
                message=f"{alias} is to show {host}, and is a host with routes of its own",
                remedy="choose a name that no Ingress has",
            )


def lint_check_hosts(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Look whether the hosts that checks ask for are answered by anything."""
    known = _known(facts)
    asked = {
        (check.name, str(check.args.get("host")))
        for hold in read_holds(plan, facts.split)
        for check in hold.gates.checks
        if check.type is CheckType.HTTP
    }
    for name, host in sorted(asked if known else ()):
        if not any(covers_host(pattern, host) for pattern in known):
            yield Finding(
                severity=Severity.WARNING,
                code="CheckOfUnknownHost",
                subject=name,
                message=f"the check {name} asks for {host}, which no Ingress of this gateway names:"
                " it would fail",
                remedy=_guess(host, known),
            )


def lint_step_hosts(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Look whether the hosts that single steps move exist."""
    known = _known(facts)
    weights = list(read_weights(plan))
    if not known or not weights:
        return
    seen = set(weights[-1].split.by_host)  # what the whole upgrade names is said by `check_hosts`
    for step in weights:
        for host in step.split.by_host:
            if host not in known and host not in seen:
                yield Finding(
                    severity=Severity.BLOCKER,
                    code="StepOfUnknownHost",
                    subject=host,
                    message=f"{step.step.key} moves {host}, which is no host of this gateway by "
                    "that name",
                    remedy=_guess(host, known),
                )
        seen.update(step.split.by_host)


def _known(facts: Facts) -> Sequence[str]:
    return () if facts.routes is None else [host.name for host in facts.routes.hosts]


def _guess(host: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(host, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(known[:NAMED_MAX])}"
