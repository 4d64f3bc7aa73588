"""Where the house tests look, and how they read a module."""

import ast
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "bascule"

_TRACED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]["include"]
_PURE = [path.removeprefix("src/bascule/") for path in _TRACED]
PURE_PACKAGES = tuple(path.removesuffix("/*") for path in _PURE if path.endswith("/*"))
PURE_MODULES = tuple(path for path in _PURE if not path.endswith("/*"))

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


@cache
def source_files() -> tuple[Path, ...]:
    return tuple(sorted(SRC.rglob("*.py")))


@cache
def read_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@cache
def functions(path: Path) -> tuple[Function, ...]:
    nodes = ast.walk(read_tree(path))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return tuple(_measure(path, node) for node in nodes if isinstance(node, kinds))


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
