"""Every row of docs/reference/agic.md names a test that there is; nothing is left out there."""

import ast
import re

import pytest

from bascule.gateway.appgw.annotations.reading import KNOWN, PREFIX, REFUSING
from tests.house import rules

PAGE = rules.ROOT / "docs" / "reference" / "agic.md"
TEST = re.compile(r"`([\w/.]+\.py)::(\w+)(?:\[[^`]*\])?`")
CODE = re.compile(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)+)"')
STANDS = {"supported", "different", "refused", "not read", "not needed"}


def _rows() -> list[tuple[int, list[str]]]:
    """Return the cells of every row of every table, with the line's number."""
    found = []
    tables = PAGE.read_text().partition("## Problems")[0]
    for number, line in enumerate(tables.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and not set(line) <= set("| -"):
            found.append((number, cells))
    headings = {"annotation", "value", "resource", "fault", "thread"}
    return [(number, cells) for number, cells in found if cells[0] not in headings]


def _codes() -> set[str]:
    """Return the codes of Problems in what reads annotations, translates, and tells refusals."""
    folder = rules.SRC / "gateway" / "appgw"
    paths = [path for part in ("annotations", "translate") for path in (folder / part).glob("*.py")]
    paths.append(folder / "left_out.py")
    found = {code for path in paths for code in CODE.findall(path.read_text())}
    return found - {"PathBasedRouting"}


def _tests() -> list[tuple[int, str, str]]:
    text = PAGE.read_text().splitlines()
    return [
        (number, match[1], match[2])
        for number, line in enumerate(text, 1)
        for match in TEST.finditer(line)
    ]


def _defined(file: str) -> set[str]:
    path = rules.ROOT / "tests" / file
    if not path.exists():
        return set()
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(rules.read_tree(path)) if isinstance(node, kinds)}


def test_every_row_names_a_test() -> None:
    assert [number for number, cells in _rows() if not TEST.search(cells[-1])] == []


def test_every_test_that_is_named_is_there() -> None:
    missing = [(n, file, name) for n, file, name in _tests() if name not in _defined(file)]

    assert missing == []


def test_every_annotation_has_its_row() -> None:
    listed = {cells[0].strip("`") for _, cells in _rows() if cells[0].startswith("`")}

    assert {name.removeprefix(PREFIX) for name in KNOWN} <= listed


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_a_bad_value_does_is_as_the_table_says(name: str) -> None:
    (cells,) = (cells for _, cells in _rows() if cells[0] == f"`{name}`")

    assert cells[1] in STANDS
    assert cells[3].startswith("refused" if name in REFUSING else "warning")


def test_every_problem_code_is_listed_and_no_other() -> None:
    problems = PAGE.read_text().partition("## Problems")[2]
    rows = [line.split("|")[1] for line in problems.splitlines() if line.startswith("| `")]

    assert {code for row in rows for code in re.findall(r"`(\w+)`", row)} == _codes()
