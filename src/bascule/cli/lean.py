"""The verbs that only read and are asked again and again start without typer.

Typer alone takes most of the 100 ms of CPU that such a verb may take. So those listed here, and no
others, parse their line with argparse; their options, help and errors are as typer's would be
(docs/adr/0010-verbs-that-start-fast.md). Neither they nor what they import may import typer,
asyncio, pydantic or tables of routes, which a test holds.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn

from bascule.cli.places import FILE_HELP, GATEWAY_HELP, OUTPUT_HELP, STATE_HELP
from bascule.cli.rendering import Output
from bascule.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanVerb:
    """What the module of such a verb holds as VERB."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


HELP_WIDTH = 96

MODULE_BY_WORDS: Mapping[tuple[str, ...], str] = {
    ("status",): "bascule.cli.status_command",
    ("upgrade", "status"): "bascule.cli.upgrade.status",
    ("upgrade", "history"): "bascule.cli.upgrade.history",
}
"""By the words that name a verb on the command line."""


class _Formatter(argparse.HelpFormatter):
    """Of a fixed width: to ask the terminal takes an import of 3 ms, help or no help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=HELP_WIDTH)


class _Parser(argparse.ArgumentParser):
    """Tells a wrong line as every other verb does."""

    def error(self, message: str) -> NoReturn:  # type: ignore[explicit-override]  # typing_extensions takes 5 ms to import
        raise UsageError(message, remedy=f"see `{self.prog} --help`")


def find_words(arguments: Sequence[str]) -> tuple[str, ...] | None:
    """Return the words of a command line that name one of these verbs, or None."""
    return next((w for w in MODULE_BY_WORDS if tuple(arguments[: len(w)]) == w), None)


def run_verb(words: tuple[str, ...], arguments: Sequence[str]) -> None:
    """Run the verb that `words` name. Raises UsageError for a wrong line, and what it raises."""
    verb: LeanVerb = import_module(MODULE_BY_WORDS[words]).VERB
    parser = _Parser(
        prog=" ".join(("bascule", *words)),
        description=verb.help,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    verb.add_arguments(parser)
    verb.run(parser.parse_args(arguments[len(words) :]))


def add_where(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which gateway is meant, and how it is shown."""
    parser.add_argument("--file", "-f", metavar="PATH", help=FILE_HELP)
    parser.add_argument("--gateway", metavar="NAME", help=GATEWAY_HELP)
    parser.add_argument("--state", metavar="PLACE", help=STATE_HELP)
    outputs = [output.value for output in Output]
    parser.add_argument("--output", "-o", choices=outputs, default=outputs[0], help=OUTPUT_HELP)
