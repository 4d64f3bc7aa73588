import json

import pytest

from bascule.cli.rendering import print_document, print_error, print_lines, render_columns
from bascule.errors import PlanError, SpecError


def test_columns_are_aligned_and_lines_have_no_trailing_space() -> None:
    assert render_columns([["A", "LONG"], ["value", "x"]]) == ["A      LONG", "value  x"]
    assert render_columns([]) == []


def test_an_error_is_what_happened_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(PlanError("green is not active", remedy="look with `bascule status`"))

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == ("error: green is not active\n  what to do: look with `bascule status`\n")


def test_an_error_names_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(SpecError("is required", file="gateway.yaml", line=3, column=1, field="name"))

    assert capsys.readouterr().err == "error: gateway.yaml:3:1: name: is required\n"


def test_a_script_gets_the_error_as_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(PlanError("no", remedy="do"), as_json=True)

    assert json.loads(capsys.readouterr().out) == {
        "error": {"type": "PlanError", "message": "no", "remedy": "do", "exit_code": 3}
    }


def test_secrets_never_reach_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(["https://ada:hunter2@example.com"])
    print_document({"url": "https://ada:hunter2@example.com"})

    assert "hunter2" not in capsys.readouterr().out
