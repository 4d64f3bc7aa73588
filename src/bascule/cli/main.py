"""The command `bascule`. Only the module of the verb that is called is imported.

Verbs raise errors of `bascule.errors`, which become two lines and an exit code here. The verbs of
`bascule.cli.lean` run without typer, all others in its tree.
"""

import sys
from collections.abc import Sequence

from bascule.cli import lean, rendering
from bascule.errors import BasculeError, InvariantError

EXIT_BUG = InvariantError.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no stack trace for a user's mistake."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        _run(arguments)
    except BasculeError as error:
        if isinstance(error, InvariantError):
            _print_stack()
        rendering.print_error(error, as_json=_wants_json(arguments))
        return error.exit_code
    except SystemExit as end:
        return _exit_code(end)
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 — the last door: what comes here is a bug, shown whole
        _print_stack()
        rendering.print_error(InvariantError("bascule has a bug: please report the lines above"))
        return EXIT_BUG
    return 0


def _run(arguments: Sequence[str]) -> None:
    words = lean.find_words(arguments)
    if words is not None:
        lean.run_verb(words, arguments)
        return
    from bascule.cli.tree import build_app

    build_app(arguments)(arguments)


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(a == "--output=json" or (a in {"--output", "-o"} and b == "json") for a, b in pairs)


def _exit_code(end: SystemExit) -> int:
    if end.code is None:
        return 0
    return end.code if isinstance(end.code, int) else 1


def _print_stack() -> None:
    import traceback

    traceback.print_exc()
