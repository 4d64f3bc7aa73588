"""What a container's command does, for the few commands that tutorials and Jobs are made of. Pure.

A command that is not one of these runs a server, as the images of services do.
"""

import itertools
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SHELLS = frozenset({"sh", "bash", "ash", "dash"})
FOREVER_S = 10.0 * 365 * 86_400
QUICK_S = 0.05
_SEPARATORS = re.compile(r"\s*(?:;|&&|\n)\s*")
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(s|m|h|d)?$")
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, None: 1.0}
_LOOPS = ("while ", "until ", "for ", "trap ", "exec ")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a script does: write a line, wait, or end with a code."""

    action: Literal["print", "wait", "exit"]
    text: str = ""
    seconds: float = 0.0
    code: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """Steps in order; a script without an `exit` ends with 0 after the last."""

    steps: tuple[Step, ...]


def parse_script(command: Sequence[str], args: Sequence[str]) -> Script | None:
    """Return what the command does, or None if it runs a server."""
    words = [*command, *args]
    if not words:
        return None
    if _base(words[0]) in SHELLS:
        return _parse_shell(words)
    step = _parse_words(words)
    return None if step is None else Script(step)


def _parse_shell(words: Sequence[str]) -> Script | None:
    texts = [text for flag, text in itertools.pairwise(words) if _is_command_flag(flag)]
    if not texts:
        return None
    steps: list[Step] = []
    for statement in _SEPARATORS.split(texts[0].strip()):
        if not statement or statement.startswith("set "):
            continue
        if statement.startswith(_LOOPS) or statement.endswith("&"):
            return None if not steps else Script((*steps, _forever()))
        parsed = _parse_words(_split(statement))
        if parsed is None:
            return None if not steps else Script((*steps, _forever()))
        steps.extend(parsed)
        if any(step.action == "exit" for step in parsed):
            break
    return Script(tuple(steps))


def _parse_words(words: Sequence[str]) -> tuple[Step, ...] | None:
    if not words:
        return ()
    name, rest = _base(words[0]), words[1:]
    if name == "echo":
        return (Step("print", text=" ".join(word for word in rest if word not in {"-n", "-e"})),)
    if name == "sleep":
        return (Step("wait", seconds=sum(_seconds(word) for word in rest)),)
    if name == "exit":
        return (Step("exit", code=int(rest[0]) if rest and rest[0].isdigit() else 0),)
    if name in {"true", ":", "date", "hostname", "env", "ls", "pwd", "uname"}:
        return (Step("wait", seconds=QUICK_S),)
    if name == "false":
        return (Step("exit", code=1),)
    if name == "perl":
        return (Step("wait", seconds=QUICK_S), Step("print", text="3.14159265358979"))
    return None


def _is_command_flag(flag: str) -> bool:
    return flag.startswith("-") and not flag.startswith("--") and flag.endswith("c")


def _base(word: str) -> str:
    return word.rpartition("/")[2]


def _split(statement: str) -> list[str]:
    try:
        return shlex.split(statement)
    except ValueError:
        return statement.split()


def _seconds(word: str) -> float:
    if word == "infinity":
        return FOREVER_S
    found = _DURATION.match(word)
    return float(found[1]) * _UNIT_S[found[2]] if found else 0.0


def _forever() -> Step:
    return Step("wait", seconds=FOREVER_S)
