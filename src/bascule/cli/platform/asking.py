"""Asks before something is made or removed in a cloud."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bascule.errors import UsageError


def ask(question: str, *, is_sure: bool) -> None:
    """Return when the answer is yes. Raises UsageError where nobody can be asked."""
    if is_sure:
        return
    _require_terminal("say --yes to go on without a question")
    with _interruptible():
        is_agreed = typer.confirm(question, err=True)
    if not is_agreed:
        _leave()


def ask_name(name: str, *, given: str | None, remedy: str) -> None:
    """Return when `name` was typed, now or on the command line. Raises UsageError if another."""
    if given is None:
        _require_terminal(remedy)
        with _interruptible():
            given = typer.prompt(f"type {name} to remove it", err=True)
    if given != name:
        raise UsageError(f"{given!r} is not {name!r}; nothing was changed", remedy=remedy)


def _require_terminal(remedy: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; nothing was changed", remedy=remedy)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the question: in an event loop it ends only what awaits, and nothing does."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def _leave() -> None:
    typer.echo("nothing was changed", err=True)
    raise typer.Exit(1)
