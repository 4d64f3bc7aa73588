"""Expressions of ARM templates, such as `[concat(variables('id'), '/frontendPorts/p')]`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bascule.lab.arm.requests import ArmRefusal

DEPTH_MAX = 50
"""Levels of calls inside one expression, and of variables that use variables."""

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>\w+)|(?P<mark>.))")
_UNIQUE_LENGTH = 13

Function = Callable[[Sequence[Any]], Any]


def invalid_template(message: str) -> ArmRefusal:
    """Return the refusal of a template."""
    return ArmRefusal(
        400, "InvalidTemplate", f"Deployment template validation failed: '{message}'."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of the language, or of the template, with its arguments."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A property or an element of what another expression gives."""

    of: "Node"
    key: "Node"


Node = Call | Member | str | int


def evaluate(value: Any, functions: Mapping[str, Function]) -> Any:
    """Return a value of a template with every expression in it replaced by what it gives.

    `functions` are those of this template (`parameters`, `variables`, `reference`, ...), by name in
    lower case; the general ones are always there. Raises ArmRefusal.
    """
    if isinstance(value, Mapping):
        return {
            evaluate(name, functions): evaluate(item, functions) for name, item in value.items()
        }
    if isinstance(value, list):
        return [evaluate(each, functions) for each in value]
    if not isinstance(value, str) or not (value.startswith("[") and value.endswith("]")):
        return value
    if value.startswith("[["):
        return value[1:]
    return _give(parse(value[1:-1]), {**_GENERAL, **functions})


def parse(text: str) -> Node:
    """Return the tree of an expression. Raises ArmRefusal."""
    tokens = [
        (str(found.lastgroup), found[str(found.lastgroup)])
        for found in _TOKEN.finditer(text)
        if found.lastgroup is not None and found[0].strip()
    ]
    node, rest = _parse_node(text, tokens, 0)
    if rest != len(tokens):
        raise _unreadable(text)
    return node


def _parse_node(
    text: str, tokens: Sequence[tuple[str, str]], place: int, depth: int = 0
) -> tuple[Node, int]:
    if place >= len(tokens) or depth > DEPTH_MAX:
        raise _unreadable(text)
    kind, token = tokens[place]
    node: Node
    if kind == "text":
        node, place = token[1:-1].replace("''", "'"), place + 1
    elif kind == "number":
        node, place = int(token), place + 1
    elif kind == "name":
        node, place = _parse_call(text, tokens, place, depth)
    else:
        raise _unreadable(text)
    while place + 1 < len(tokens) and tokens[place] in {("mark", "."), ("mark", "[")}:
        if tokens[place][1] == ".":
            node, place = Member(of=node, key=tokens[place + 1][1]), place + 2
        else:
            key, place = _parse_node(text, tokens, place + 1, depth + 1)
            place = _expect(text, tokens, place, "]")
            node = Member(of=node, key=key)
    return node, place


def _parse_call(
    text: str, tokens: Sequence[tuple[str, str]], place: int, depth: int
) -> tuple[Node, int]:
    name = tokens[place][1]
    place = _expect(text, tokens, place + 1, "(")
    arguments: list[Node] = []
    while place < len(tokens) and tokens[place] != ("mark", ")"):
        if arguments:
            place = _expect(text, tokens, place, ",")
        argument, place = _parse_node(text, tokens, place, depth + 1)
        arguments.append(argument)
    return Call(name=name, arguments=tuple(arguments)), _expect(text, tokens, place, ")")


def _expect(text: str, tokens: Sequence[tuple[str, str]], place: int, mark: str) -> int:
    if place >= len(tokens) or tokens[place] != ("mark", mark):
        raise _unreadable(text)
    return place + 1


def _unreadable(text: str) -> ArmRefusal:
    return invalid_template(f"The language expression '{text}' is not valid")


def _give(node: Node, functions: Mapping[str, Function]) -> Any:
    if isinstance(node, str | int):
        return node
    if isinstance(node, Member):
        return _member(_give(node.of, functions), _give(node.key, functions))
    function = functions.get(node.name.lower())
    if function is None:
        raise invalid_template(f"The template function '{node.name}' is not valid")
    if node.name.lower() == "if" and len(node.arguments) == 3:
        chosen = 1 if _give(node.arguments[0], functions) else 2
        return _give(node.arguments[chosen], functions)
    arguments = [_give(each, functions) for each in node.arguments]
    try:
        return function(arguments)
    except (IndexError, TypeError, ValueError, AttributeError):
        raise invalid_template(
            f"Unable to evaluate template function '{node.name}' with {len(arguments)} arguments"
        ) from None


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if str(name).lower() == str(key).lower():
                return item
    elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    raise invalid_template(f"The language expression property '{key}' doesn't exist")


def _concat(arguments: Sequence[Any]) -> Any:
    if arguments and isinstance(arguments[0], list):
        return [item for each in arguments for item in each]
    return "".join(_text(each) for each in arguments)


def _text(value: Any) -> str:
    return str(value).capitalize() if isinstance(value, bool) else str(value)


def _format(arguments: Sequence[Any]) -> str:
    return str(arguments[0]).format(*(_text(each) for each in arguments[1:]))


def _unique(arguments: Sequence[Any]) -> str:
    digest = sha256("-".join(str(each) for each in arguments).encode()).digest()
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(letters[byte % len(letters)] for byte in digest[:_UNIQUE_LENGTH])


def _equals(arguments: Sequence[Any]) -> bool:
    one, other = arguments
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return bool(one == other)


def _union(arguments: Sequence[Any]) -> Any:
    if isinstance(arguments[0], Mapping):
        return {name: item for each in arguments for name, item in each.items()}
    return list(dict.fromkeys(item for each in arguments for item in each))


_GENERAL: Mapping[str, Function] = {
    "concat": _concat,
    "format": _format,
    "tolower": lambda arguments: arguments[0].lower(),
    "toupper": lambda arguments: arguments[0].upper(),
    "uniquestring": _unique,
    "string": lambda arguments: _text(arguments[0]),
    "int": lambda arguments: int(arguments[0]),
    "bool": lambda arguments: str(arguments[0]).lower() in {"true", "1"},
    "length": lambda arguments: len(arguments[0]),
    "empty": lambda arguments: not arguments[0],
    "equals": _equals,
    "not": lambda arguments: not arguments[0],
    "and": all,
    "or": any,
    "if": lambda arguments: arguments[1] if arguments[0] else arguments[2],
    "union": _union,
    "first": lambda arguments: arguments[0][0],
    "last": lambda arguments: arguments[0][-1],
    "split": lambda arguments: arguments[0].split(arguments[1]),
    "createarray": list,
    "createobject": lambda arguments: dict(zip(arguments[::2], arguments[1::2], strict=True)),
    "true": lambda _arguments: True,
    "false": lambda _arguments: False,
    "null": lambda _arguments: None,
}
