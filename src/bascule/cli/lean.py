"""The verbs that only read and are asked again and again start without typer.

Typer alone takes most of the 100 ms of CPU that such a verb may take, and argparse a tenth. So the
verbs listed here, and no others, have their line read by this module; they all take the same four
options, and their help and errors are as typer's would be (docs/adr/0010-verbs-that-start-fast.md).
What they import may not import typer, asyncio, pydantic or tables of routes, which a test holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from bascule.cli.places import FILE_HELP, GATEWAY_HELP, OUTPUT_HELP, STATE_HELP
from bascule.cli.rendering import Output, print_lines
from bascule.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a lean verb was told; each is None where it was not said."""

    name: str | None
    file: str | None
    gateway: str | None
    state: str | None
    output: Output


MODULE_BY_WORDS: Mapping[tuple[str, ...], str] = {
    ("status",): "bascule.cli.status_command",
    ("upgrade", "status"): "bascule.cli.upgrade.status",
    ("upgrade", "history"): "bascule.cli.upgrade.history",
}
"""By the words that name a verb on the command line. Each module has HELP, NAME_HELP (empty where
the verb takes no name) and `run(line)`."""

_OPTIONS = (
    ("file", "-f", "PATH", FILE_HELP),
    ("gateway", "", "NAME", GATEWAY_HELP),
    ("state", "", "PLACE", STATE_HELP),
    ("output", "-o", "text|json", OUTPUT_HELP),
)
_LONG_BY_SHORT = {short: f"--{name}" for name, short, _, _ in _OPTIONS if short}


def find_words(arguments: Sequence[str]) -> tuple[str, ...] | None:
    """Return the words of a command line that name one of these verbs, or None."""
    return next((w for w in MODULE_BY_WORDS if tuple(arguments[: len(w)]) == w), None)


def run_verb(words: tuple[str, ...], arguments: Sequence[str]) -> None:
    """Run the verb that `words` name. Raises UsageError for a wrong line, and what it raises."""
    module = import_module(MODULE_BY_WORDS[words])
    verb, name_help = " ".join(("bascule", *words)), str(module.NAME_HELP)
    rest = arguments[len(words) :]
    if "-h" in rest or "--help" in rest:
        print_lines(render_help(verb, str(module.HELP), name_help))
        return
    module.run(parse_line(rest, verb, takes_name=bool(name_help)))


def parse_line(words: Sequence[str], verb: str, *, takes_name: bool) -> Line:
    """Return what the words after a verb say; an option said twice counts as said last.

    Raises UsageError for what is no option, lacks its value, or is a word too many.
    """
    values: dict[str, str] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        option, value = _split(word)
        if option is None:
            if not takes_name or "name" in values:
                raise _wrong(f"unexpected argument {word!r}", verb)
            values["name"] = word
            continue
        if option not in {f"--{name}" for name, *_ in _OPTIONS}:
            raise _wrong(f"no such option: {word}", verb)
        if value is None and not left:
            raise _wrong(f"option {word} requires an argument", verb)
        values[option.removeprefix("--")] = left.pop(0) if value is None else value
    return Line(
        name=values.get("name"),
        file=values.get("file"),
        gateway=values.get("gateway"),
        state=values.get("state"),
        output=_parse_output(values.get("output", Output.TEXT.value), verb),
    )


def render_help(verb: str, text: str, name_help: str) -> list[str]:
    """Return the lines of `--help`."""
    rows = [
        (f"  {short + ', ' if short else ''}--{name} <{metavar}>", said)
        for name, short, metavar, said in _OPTIONS
    ]
    rows.append(("  -h, --help", "Show this message and exit."))
    width = max(len(left) for left, _ in rows) + 2
    return [
        f"Usage: {verb} [OPTIONS]{' [name]' if name_help else ''}",
        "",
        f"  {text}",
        "",
        *(["Arguments:", f"  name <str>  {name_help}", ""] if name_help else []),
        "Options:",
        *(f"{left.ljust(width)}{said}" for left, said in rows),
    ]


def _split(word: str) -> tuple[str | None, str | None]:
    """Return the option that a word is, and the value in it; None where there is none."""
    if word.startswith("--"):
        option, has_value, value = word.partition("=")
        return option, value if has_value else None
    if word.startswith("-") and len(word) > 1:
        return _LONG_BY_SHORT.get(word[:2], word), word[2:] or None
    return None, None


def _parse_output(text: str, verb: str) -> Output:
    found = text.lower()
    if found not in tuple(Output):
        raise _wrong(f"{text!r} is not one of {', '.join(Output)}", verb)
    return Output(found)


def _wrong(message: str, verb: str) -> UsageError:
    return UsageError(message, remedy=f"see `{verb} --help`")
