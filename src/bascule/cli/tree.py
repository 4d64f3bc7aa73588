"""The tree of typer's commands, in which only the verb that is called is real.

A verb `v` is a module `bascule.cli.v_command` with an attribute `v`: a function with typer's
annotations, a `typer.Typer` for a group of verbs, or a `LazyGroup` for a group of which only the
verb that is called is imported.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TypeAlias

import typer

from bascule import __version__
from bascule.cli.verbs import PACKAGES_BY_EXTRA, VERBS, Verb
from bascule.errors import InvariantError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class LazyGroup:
    """Verbs in the order of their help; a verb without a module only stands there."""

    package: str
    help_by_verb: Mapping[str, str]
    module_by_verb: Mapping[str, str]

    def build(self, called: str | None) -> typer.Typer:
        """Return the group in which the verb that is called is real."""
        group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
        for verb, text in self.help_by_verb.items():
            module = self.module_by_verb.get(verb)
            if module is None or verb != called:
                group.command(verb, help=text)(stub)
            else:
                found = import_module(f"{self.package}.{module}")
                group.command(verb)(getattr(found, verb.replace("-", "_")))
        return group


VerbBody: TypeAlias = typer.Typer | Callable[[], None]
"""Typer reads a function's parameters itself; to us it takes none."""


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """Return the command tree for a line: the verb that it names is real, others are only help."""
    verb = find_name(arguments, VERBS)
    app = typer.Typer(
        name="bascule",
        help="Moves all the traffic of a Kubernetes cluster to another one, and back.",
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, entry in VERBS.items():
        body = _load_verb(name, entry, arguments) if name == verb else stub
        if isinstance(body, typer.Typer):
            app.add_typer(body, name=name, help=entry.help)
        else:
            app.command(name, help=None if body is not stub else entry.help)(body)
    return app


def find_name(arguments: Sequence[str], known: Container[str]) -> str | None:
    """Return the first word that is no option if it is one of `known`, else None."""
    first = next((a for a in arguments if not a.startswith("-")), None)
    return first if first in known else None


def _load_verb(name: str, entry: Verb, arguments: Sequence[str]) -> VerbBody:
    for package in PACKAGES_BY_EXTRA.get(entry.extra, ()):
        if find_spec(package) is None:
            raise _missing(name, entry, package)
    try:
        module = import_module(f"bascule.cli.{name}_command")
    except ModuleNotFoundError as error:
        if not entry.extra or (error.name or "").startswith("bascule."):
            raise
        raise _missing(name, entry, error.name or "of an extra") from error
    body: VerbBody | LazyGroup = getattr(module, name)
    if isinstance(body, LazyGroup):
        words = [word for word in arguments if word != name]
        return body.build(find_name(words, body.help_by_verb))
    return body


def _missing(name: str, entry: Verb, package: str) -> UsageError:
    return UsageError(
        f"`bascule {name}` needs the package {package}, which is not installed",
        remedy=f"install 'bascule[{entry.extra}]'",
    )


def stub() -> None:
    """Stand for a verb in the help of its group."""
    raise InvariantError("a verb was called without its module")


def _show_version(value: bool) -> None:  # noqa: FBT001 — the signature of typer's callbacks
    if value:
        typer.echo(f"bascule {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(  # noqa: FBT001 — typer reads options from parameters
        False,  # noqa: FBT003 — the default of a flag
        "--version",
        help="Print the version and end.",
        callback=_show_version,
        is_eager=True,
    ),
) -> None:
    del version
