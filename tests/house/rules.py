"""Where the house tests look, and how they read a module."""

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "bascule"

PURE_PACKAGES = (
    "manifest",
    "spec",
    "routing",
    "journal",
    "checks",
    "upgrade",
    "report",
    "gateway/appgw/annotations",
    "gateway/appgw/translate",
    "platform/describe",
    "platform/desired",
    "platform/green",
    "platform/plan",
)
PURE_MODULES = (
    "azure/decisions.py",
    "azure/document.py",
    "azure/errors.py",
    "azure/polls.py",
    "azure/refusals.py",
    "azure/remedies.py",
    "azure/resource_id.py",
    "azure/sign_in.py",
    "azure/versions.py",
    "errors.py",
    "redact.py",
    "gateway/envoy/translate.py",
    "gateway/envoy/consistency.py",
    "gateway/envoy/snapshot.py",
    "controller/holdoff.py",
    "gateway/ownership.py",
    "gateway/appgw/abilities.py",
    "gateway/appgw/budget.py",
    "gateway/appgw/canonical.py",
    "gateway/appgw/culprits.py",
    "gateway/appgw/difference.py",
    "gateway/appgw/facts.py",
    "gateway/appgw/live.py",
    "gateway/appgw/limits.py",
    "gateway/appgw/merge.py",
    "gateway/appgw/minutes.py",
    "gateway/appgw/names.py",
    "gateway/appgw/reach.py",
    "gateway/appgw/references.py",
    "gateway/appgw/rivals.py",
    "inventory/azure/clusters.py",
    "inventory/azure/gateways.py",
    "inventory/azure/governance.py",
    "inventory/azure/networks.py",
    "inventory/azure/references.py",
    "inventory/azure/regions.py",
    "platform/like_blue.py",
    "platform/rights.py",
    "notify/events.py",
    "notify/receivers.py",
    "probes/checks/answers.py",
    "probes/checks/http_rules.py",
    "probes/checks/prometheus_rules.py",
    "probes/intervals.py",
    "probes/points.py",
    "programs/environment.py",
)


# Ports hold no behaviour of their own: contract suites test what fulfils them.
PORTS = ("journal/store.py", "upgrade/ports.py")


def pure_modules() -> list[str]:
    in_packages = [
        str(path.relative_to(SRC))
        for package in PURE_PACKAGES
        for path in (SRC / package).rglob("*.py")
        if path.name != "__init__.py"
    ]
    return sorted({*in_packages, *PURE_MODULES} - {*PORTS})


@dataclass(frozen=True, slots=True)
class Function:
    """A function of our source and its length in lines, its docstring left out."""

    place: str
    lines: int
    positional: int
    parameters: int


@lru_cache
def source_files() -> tuple[Path, ...]:
    return tuple(sorted(SRC.rglob("*.py")))


@lru_cache
def read_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def functions(path: Path) -> list[Function]:
    nodes = ast.walk(read_tree(path))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [_measure(path, node) for node in nodes if isinstance(node, kinds)]


def _measure(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    first = node.body[0]
    has_docstring = ast.get_docstring(node) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    arguments = node.args
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    positional = [name for name in positional if name not in {"self", "cls"}]
    return Function(
        place=f"{path.relative_to(ROOT)}:{node.name}",
        lines=(node.end_lineno or 0) - node.lineno + 1 - docstring,
        positional=len(positional),
        parameters=len(positional) + len(arguments.kwonlyargs),
    )
