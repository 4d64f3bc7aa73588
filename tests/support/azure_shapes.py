"""Shapes of recorded answers of Azure, and how an answer of the lab differs from one.

A shape is JSON. `"text"`, `"number"`, `"boolean"`, `"object"`, `"list"` stand for any such value;
`"=x"` is exactly x; `"~x"` is text that the regular expression x matches in full; `[s]` is a list
with at least one member, each like s; `[]` is an empty list; a name with `?` at its end may be
missing. Names that a shape does not have are differences too: case and spelling are what clients
depend on.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bascule.lab.arm.requests import ArmReply

FIXTURES = Path(__file__).parents[1] / "fixtures" / "azure"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "list": (list,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One recorded answer: its status, headers that it has or has not, and its body."""

    name: str
    status: int
    headers: Mapping[str, str]
    absent: tuple[str, ...]
    body: Any


def load_shape(file: str, name: str) -> Shape:
    """Return one answer of a file of recorded shapes."""
    found = json.loads((FIXTURES / f"{file}.json").read_text())["answers"][name]
    return Shape(
        name=f"{file}/{name}",
        status=found["status"],
        headers=found.get("headers", {}),
        absent=tuple(found.get("absentHeaders", ())),
        body=found.get("body"),
    )


def differences(shape: Shape, reply: ArmReply) -> list[str]:
    """Return in which places an answer is not of a shape; empty if it is."""
    found = [f"status is {reply.status}, not {shape.status}"] * (reply.status != shape.status)
    headers = {name.lower(): value for name, value in reply.headers.items()}
    for name, wanted in shape.headers.items():
        found += _compare(wanted, headers.get(name.lower()), f"header {name}")
    found += [f"header {name} is there" for name in shape.absent if name.lower() in headers]
    return [*found, *_compare(shape.body, reply.body, "body")]


def _compare(shape: Any, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, dict):
        yield from _compare_objects(shape, value, path)
    elif isinstance(shape, list):
        yield from _compare_lists(shape, value, path)
    elif not _fits(shape, value):
        yield f"{path} is {value!r}, not {shape}"


def _compare_objects(shape: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is {value!r}, not an object"
        return
    known = {name.removesuffix("?"): (name, each) for name, each in shape.items()}
    for name, (spelled, each) in known.items():
        if name in value:
            yield from _compare(each, value[name], f"{path}.{name}")
        elif not spelled.endswith("?"):
            yield f"{path}.{name} is missing"
    yield from (f"{path}.{name} is not known of Azure" for name in value.keys() - known.keys())


def _compare_lists(shape: list[Any], value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list) or bool(value) != bool(shape):
        yield f"{path} is {value!r}, not a list {'with' if shape else 'without'} members"
        return
    for place, each in enumerate(value):
        yield from _compare(shape[0], each, f"{path}[{place}]")


def _fits(shape: Any, value: Any) -> bool:
    if not isinstance(shape, str):
        return bool(shape == value)
    if shape.startswith("="):
        return bool(value == shape[1:])
    if shape.startswith("~"):
        return isinstance(value, str) and re.fullmatch(shape[1:], value) is not None
    types = _TYPES[shape]
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))
