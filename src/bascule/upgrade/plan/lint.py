"""What is to be said of a plan as it stands, whoever made it: an explicit list of rules."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from bascule.checks.findings import Finding, Severity, sort_findings
from bascule.errors import JournalError
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.rules_of_hosts import (
    lint_check_hosts,
    lint_preview_hosts,
    lint_step_hosts,
)
from bascule.upgrade.plan.rules_of_judging import (
    lint_alarms,
    lint_comparison,
    lint_gates,
    lint_requests,
)
from bascule.upgrade.plan.rules_of_measuring import lint_measuring
from bascule.upgrade.plan.rules_of_order import (
    lint_freeze,
    lint_hooks,
    lint_keys,
    lint_kinds,
    lint_retirement,
    lint_stages,
    lint_way_back,
)
from bascule.upgrade.plan.rules_of_traffic import (
    lint_capabilities,
    lint_checks,
    lint_mirror,
    lint_start,
)
from bascule.upgrade.plan.rules_of_updates import lint_judging_time, lint_shares, lint_updates
from bascule.upgrade.plan.rules_of_weights import lint_weights

Rule: TypeAlias = Callable[[Plan, Facts], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    lint_kinds,
    lint_keys,
    lint_stages,
    lint_way_back,
    lint_hooks,
    lint_freeze,
    lint_retirement,
    lint_start,
    lint_weights,
    lint_capabilities,
    lint_mirror,
    lint_checks,
    lint_preview_hosts,
    lint_check_hosts,
    lint_step_hosts,
    lint_gates,
    lint_requests,
    lint_comparison,
    lint_alarms,
    lint_updates,
    lint_judging_time,
    lint_shares,
    lint_measuring,
)


def lint_plan(plan: Plan, facts: Facts) -> tuple[Finding, ...]:
    """Return what all rules find, the worst first; a plan that cannot be read is a blocker."""
    try:
        return sort_findings(finding for rule in RULES for finding in rule(plan, facts))
    except JournalError as error:
        unreadable = Finding(
            severity=Severity.BLOCKER,
            code="PlanUnreadable",
            subject=plan.name,
            message=f"a step of the plan cannot be read: {error.message}",
            remedy="plan anew with this version of bascule",
        )
        return (unreadable,)
