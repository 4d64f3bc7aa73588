"""Facts for plans: a gateway that can do everything, all traffic on blue, two shops."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bascule.checks.findings import Finding, render_finding
from bascule.gateway.driver import Capabilities, UpdateTimes
from bascule.ids import Cluster
from bascule.spec.load import parse_upgrade
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.facts import ClusterName, Facts
from bascule.upgrade.plan.lint import lint_plan
from bascule.upgrade.plan.model import Plan, render_plan
from bascule.upgrade.plan.planner import plan_upgrade
from tests.support.specs import UPGRADES

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "plan"

ABLE = Capabilities(
    weight_step_bp=1,
    has_sticky_sessions=True,
    has_mirroring=True,
    has_preview_by_header=True,
    has_drain=True,
    is_switch_atomic=True,
    traffic_kinds=frozenset({"http1"}),
)
"""A gateway that can do everything."""

KNOWN = Facts(
    capabilities=ABLE,
    clusters={
        Cluster.BLUE: ClusterName(name="old", version="v1.30.1"),
        Cluster.GREEN: ClusterName(name="new", version="v1.33.2"),
    },
)


APP_GATEWAY = Capabilities(
    weight_step_bp=10_000,
    has_sticky_sessions=True,
    has_mirroring=False,
    has_preview_by_header=False,
    has_drain=True,
    is_switch_atomic=False,
    traffic_kinds=frozenset({"http1"}),
    has_sticky_headers=False,
    measures_every_s=60.0,
    update=UpdateTimes(median_s=8.0, p90_s=79.0, source="of 90 updates of idle gateways"),
    richer_type="appgw+envoy",
)
"""A gateway of a cloud: slow to change, late to tell, and hosts move whole."""

SLOW = replace(KNOWN, capabilities=APP_GATEWAY)


def keys_of(plan: Plan) -> list[str]:
    return [step.key for step in plan.steps]


def lint_codes(plan: Plan, facts: Facts = KNOWN) -> list[str]:
    """Return the codes of what is found of `plan`, the worst first."""
    return [finding.code for finding in lint_plan(plan, facts)]


def golden_specs() -> list[Path]:
    """Return every example of an upgrade, and the cases that only tests need.

    Not the demo's: its times are tuned to be short, and its plan is only looked over.
    """
    examples = [path for path in UPGRADES if path.stem != "demo"]
    return sorted([*examples, *GOLDEN.glob("*.in.yaml")])


def golden_of(spec: Path) -> Path:
    """Return where the plan of `spec` is kept."""
    return GOLDEN / f"{spec.name.removesuffix('.yaml').removesuffix('.in')}.out.yaml"


def read_spec(file: Path) -> Upgrade:
    """Return the upgrade in a file; paths in it stay as they are written."""
    folder = file.parent
    return parse_upgrade(file.read_text(), file.name, lambda path: (folder / path.name).read_text())


def show_plan(spec: Upgrade) -> str:
    """Return the plan of `spec`, and what is found of it, as YAML in a stable order."""
    plan = plan_upgrade(spec, KNOWN)
    findings = lint_plan(plan, KNOWN)
    document: dict[str, Any] = {
        "plan": render_plan(plan),
        "findings": [_shown(finding) for finding in findings],
    }
    plain = json.loads(json.dumps(document))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)


def _shown(finding: Finding) -> dict[str, object]:
    return {**render_finding(finding)}
