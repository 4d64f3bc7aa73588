from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from bascule.cli.arguments import takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    name: Annotated[str, typer.Option("--name")] = "nobody"
    loud: Annotated[bool, typer.Option("--loud")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    words: Annotated[list[str], typer.Argument()]
    times: Annotated[int, typer.Option("--times")]
    shared: Shared


def call(*line: str) -> tuple[int, list[Arguments], str]:
    heard: list[Arguments] = []

    @takes(Arguments)
    def say(arguments: Arguments) -> None:
        """Say words."""
        heard.append(arguments)

    app = typer.Typer(rich_markup_mode=None)
    app.command()(say)
    result = CliRunner().invoke(app, list(line))
    return result.exit_code, heard, result.output


def test_a_verb_gets_its_arguments_as_one_value() -> None:
    code, heard, _ = call("a", "b", "--times", "3", "--loud")

    assert code == 0
    assert heard == [Arguments(words=["a", "b"], times=3, shared=Shared(loud=True))]


def test_a_required_option_that_is_missing_is_a_usage_error() -> None:
    code, heard, output = call("a")

    assert (code, heard) == (2, [])
    assert "--times" in output


def test_the_help_is_the_docstring_of_the_verb() -> None:
    _, _, output = call("--help")

    assert "Say words." in output
    assert "--name" in output
