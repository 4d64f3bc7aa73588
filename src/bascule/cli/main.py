"""The command `bascule`. Only the module of the verb that is called is imported.

A verb `v` is a module `bascule.cli.v_command` with an attribute `v`: a function with typer's
annotations, or a `typer.Typer` for a group of verbs. It raises errors of `bascule.errors`, which
become two lines and an exit code here.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TypeAlias

import typer

from bascule import __version__
from bascule.cli import rendering
from bascule.errors import BasculeError, InvariantError, UsageError

EXIT_BUG = InvariantError.exit_code


@dataclass(frozen=True, slots=True)
class Verb:
    """What `--help` says of a verb before its module is imported, and the extra that it needs."""

    help: str
    extra: str = ""


VerbBody: TypeAlias = typer.Typer | Callable[[], None]
"""Typer reads a function's parameters itself; to us it takes none."""


PACKAGES_BY_EXTRA = {
    "lab": ("envoy", "h2", "httptools", "kubernetes_validate", "uvloop", "wsproto")
}
"""What the processes that a verb starts later import, looked for before it starts any."""

VERBS = {
    "run": Verb("Run the controller of a gateway, with an Envoy of its own.", extra="envoy"),
    "status": Verb("Show the gateway: clusters, weights, routes, problems, Envoy."),
    "switch": Verb("Move all traffic from one cluster to the other."),
    "weights": Verb("Set the share of each cluster, such as blue=90 green=10."),
    "rollback": Verb("Go back to the split before the last switch or shift."),
    "stop": Verb("End the runtime of a gateway and its Envoy."),
    "render": Verb("Print what the gateway would be sent, from manifests alone."),
    "route": Verb("Say which rule of which Ingress would answer a URL, and why."),
    "lab": Verb("Start, look at and remove lab clusters.", extra="lab"),
    "demo": Verb("Switch a shop between two lab clusters under load.", extra="lab"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no stack trace for a user's mistake."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        build_app(_verb_of(arguments))(arguments)
    except BasculeError as error:
        if isinstance(error, InvariantError):
            traceback.print_exc()
        rendering.print_error(error, as_json=_wants_json(arguments))
        return error.exit_code
    except SystemExit as end:
        return _exit_code(end)
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 — the last door: what comes here is a bug, shown whole
        traceback.print_exc()
        rendering.print_error(InvariantError("bascule has a bug: please report the lines above"))
        return EXIT_BUG
    return 0


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
        body = _load_verb(name, entry) if name == verb else _stub
        if isinstance(body, typer.Typer):
            app.add_typer(body, name=name, help=entry.help)
        else:
            app.command(name, help=None if name == verb else entry.help)(body)
    return app


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


def _verb_of(arguments: Sequence[str]) -> str | None:
    first = next((a for a in arguments if not a.startswith("-")), None)
    return first if first in VERBS else None


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(a == "--output=json" or (a in {"--output", "-o"} and b == "json") for a, b in pairs)


def _exit_code(end: SystemExit) -> int:
    if end.code is None:
        return 0
    return end.code if isinstance(end.code, int) else 1


def _stub() -> None:
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
