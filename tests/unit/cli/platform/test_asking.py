import asyncio
import io
import signal
import sys

import pytest
import typer
from typing_extensions import override

from bascule.cli.platform.asking import ask, ask_name
from bascule.errors import UsageError


class _Terminal(io.StringIO):
    """What a person types."""

    @override
    def isatty(self) -> bool:
        return True


class _Interrupted(_Terminal):
    """A person who presses Ctrl-C."""

    @override
    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # as StringIO
        signal.raise_signal(signal.SIGINT)
        return "y\n"


def _type(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(text))


def test_who_is_sure_is_not_asked() -> None:
    ask("Make it so?", is_sure=True)


def test_a_yes_goes_on_and_a_no_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    _type(monkeypatch, "y\n")
    ask("Make it so?", is_sure=False)

    _type(monkeypatch, "n\n")
    with pytest.raises(typer.Exit):
        ask("Make it so?", is_sure=False)


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    with pytest.raises(UsageError, match="there is no terminal to ask on"):
        ask("Make it so?", is_sure=False)
    with pytest.raises(UsageError, match="there is no terminal to ask on"):
        ask_name("shop", given=None, remedy="say --name shop")


def test_the_name_is_typed_or_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_name("shop", given="shop", remedy="")
    _type(monkeypatch, "shop\n")
    ask_name("shop", given=None, remedy="")

    with pytest.raises(UsageError, match="'Shop' is not 'shop'; nothing was changed"):
        ask_name("shop", given="Shop", remedy="say --name shop")


def test_ctrl_c_ends_a_question_that_is_asked_within_a_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def verb() -> None:
        ask("Make it so?", is_sure=False)

    monkeypatch.setattr(sys, "stdin", _Interrupted())

    with pytest.raises(typer.Abort):
        asyncio.run(verb())


def test_a_question_leaves_ctrl_c_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    _type(monkeypatch, "y\n")

    ask("Make it so?", is_sure=False)

    assert signal.getsignal(signal.SIGINT) is before
