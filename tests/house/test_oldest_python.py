"""What every Python 3.11 does alike, from 3.11.0 on."""

import ast

from tests.house import rules


def test_nothing_is_raised_within_except_star() -> None:
    """Before 3.11.4 such an exception came out in a group of its own."""
    found = [
        f"{path.relative_to(rules.ROOT)}:{handler.lineno}"
        for path in rules.source_files()
        for node in ast.walk(rules.read_tree(path))
        if isinstance(node, ast.TryStar)
        for handler in node.handlers
        if any(isinstance(each, ast.Raise) for each in ast.walk(handler))
    ]

    assert found == []
