"""Asks before something is made or removed in a cloud."""

import sys

import typer

from bascule.errors import UsageError


def ask(question: str, *, is_sure: bool) -> None:
    """Return when the answer is yes. Raises UsageError where nobody can be asked."""
    if is_sure:
        return
    _require_terminal("say --yes to go on without a question")
    if not typer.confirm(question, err=True):
        _leave()


def ask_name(name: str, *, given: str | None, remedy: str) -> None:
    """Return when `name` was typed, now or on the command line. Raises UsageError if another."""
    if given is None:
        _require_terminal(remedy)
        given = typer.prompt(f"type {name} to remove it", err=True)
    if given != name:
        raise UsageError(f"{given!r} is not {name!r}; nothing was changed", remedy=remedy)


def _require_terminal(remedy: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; nothing was changed", remedy=remedy)


def _leave() -> None:
    typer.echo("nothing was changed", err=True)
    raise typer.Exit(1)
