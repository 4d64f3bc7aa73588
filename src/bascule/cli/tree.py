"""The tree of typer's commands, in which only the verb that is called is real.

A verb `v` is a module `bascule.cli.v_command` with an attribute `v`: a function with typer's
annotations, or a `typer.Typer` for a group of verbs.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TypeAlias

import typer

from bascule import __version__
from bascule.cli.verbs import PACKAGES_BY_EXTRA, VERBS, Verb
from bascule.errors import InvariantError, UsageError

VerbBody: TypeAlias = typer.Typer | Callable[[], None]
"""Typer reads a function's parameters itself; to us it takes none."""


def build_app(verb: str | None) -> typer.Typer:
    """Return the command tree in which `verb` is real and every other verb is only its help."""
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
        body = _load_verb(name, entry) if name == verb else stub
        if isinstance(body, typer.Typer):
            app.add_typer(body, name=name, help=entry.help)
        else:
            app.command(name, help=None if body is not stub else entry.help)(body)
    return app


def find_name(arguments: Sequence[str]) -> str | None:
    """Return the verb that a command line names, or None."""
    first = next((a for a in arguments if not a.startswith("-")), None)
    return first if first in VERBS else None


def _load_verb(name: str, entry: Verb) -> VerbBody:
    for package in PACKAGES_BY_EXTRA.get(entry.extra, ()):
        if find_spec(package) is None:
            raise _missing(name, entry, package)
    try:
        module = import_module(f"bascule.cli.{name}_command")
    except ModuleNotFoundError as error:
        if not entry.extra or (error.name or "").startswith("bascule."):
            raise
        raise _missing(name, entry, error.name or "of an extra") from error
    body: VerbBody = getattr(module, name)
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
