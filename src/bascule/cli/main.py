"""The command `bascule`. Only the module of the verb that is called is imported.

Verbs raise errors of `bascule.errors`, which become two lines and an exit code here. The verbs of
`bascule.cli.lean` run without typer, all others in its tree.
"""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from bascule.cli.quick import import_dataclasses


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no stack trace for a user's mistake.

    Without `argv` it is the process's own line, and a lean verb then ends the process here.
    """
    gc.disable()  # what is imported stays; collecting it meanwhile takes a tenth of a lean verb
    arguments = list(sys.argv[1:] if argv is None else argv)
    import_dataclasses()
    from bascule.cli.lean import find_words, run_verb

    words = find_words(arguments)
    if words is None:
        gc.enable()
        from bascule.cli.tree import build_app

        return _guard(lambda: build_app(arguments)(arguments), arguments)
    code = _guard(lambda: run_verb(words, arguments), arguments)
    if argv is None:
        _leave(code)
    gc.enable()
    return code


def _guard(run: Callable[[], object], arguments: Sequence[str]) -> int:
    """Run a verb, tell its error, and return the exit code."""
    from bascule.cli import rendering
    from bascule.errors import BasculeError, InvariantError

    try:
        run()
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
        return InvariantError.exit_code
    return 0


def _leave(code: int) -> NoReturn:
    """End at once: to take apart what was imported takes a tenth of the time of a lean verb."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    os._exit(code)


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
