"""The tables of finding codes and of step kinds name all that there are, and no other."""

import ast
import re
from pathlib import Path

from bascule.upgrade.plan.model import StepKind
from tests.house import rules

PAGE = rules.ROOT / "docs" / "reference" / "plan.md"
AZURE_PAGE = rules.ROOT / "docs" / "reference" / "azure-preflight.md"
BUILDERS = {"Finding", "_finding", "_retire", "_not_in_green"}
AZURE_BUILDERS = {"Finding", "blocker", "warning", "_judge", "_limited"}
CODE = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+")


def test_the_table_of_findings_is_current() -> None:
    folders = (rules.SRC / "checks", rules.SRC / "upgrade" / "plan")
    paths = [path for folder in folders for path in folder.glob("*.py")]
    used = {code for path in paths for code in _codes(path, BUILDERS)}
    for path in (rules.SRC / "checks" / "appgw").glob("*.py"):
        used |= _codes(path, AZURE_BUILDERS)

    assert _listed(PAGE.read_text().partition("## Findings")[2]) == used


def test_the_table_of_findings_on_azure_is_current() -> None:
    paths = (rules.SRC / "checks" / "azure").rglob("*.py")
    used = {code for path in paths for code in _codes(path, AZURE_BUILDERS)}

    assert _listed(AZURE_PAGE.read_text().partition("## Findings")[2]) == used


def test_the_table_of_step_kinds_is_current() -> None:
    section = PAGE.read_text().partition("## Kinds")[2].partition("## Findings")[0]

    assert _listed(section) == {kind.value for kind in StepKind}


def _listed(section: str) -> set[str]:
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def _codes(path: Path, builders: set[str]) -> set[str]:
    """Return the codes that a module hands to a Finding."""
    calls = [
        node
        for node in ast.walk(rules.read_tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in builders
    ]
    given = [arg for call in calls for arg in (*call.args, *(k.value for k in call.keywords))]
    texts = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return {text for text in texts if CODE.fullmatch(text)}
