"""YAML documents with the place of every field, so that each error can point at its line.

Timestamps and `18:00` stay text, as Kubernetes reads them. A key that appears twice in a mapping
is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import yaml

from bascule.errors import SpecError

FieldPath: TypeAlias = tuple[str | int, ...]

UNFOLD_RATIO_MAX = 10
"""How many nodes a file may unfold to for each of its characters: aliases make a small file large,
and without them it has fewer nodes than characters."""
UNFOLD_NODES_MIN = 1_000
"""So many nodes are always allowed."""
DEPTH_MAX = 100

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; both numbers start at 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a file: plain values, and where each field of it was written."""

    value: object
    places: Mapping[FieldPath, Place] = field(repr=False)

    def place(self, path: FieldPath) -> Place:
        """Return where `path` is written, or the nearest field around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path]


def parse_documents(text: str, file: str) -> tuple[Document, ...]:
    """Return the documents of a YAML file, empty ones left out.

    Raises SpecError with file, line and column when the text is not YAML, a key appears twice, or
    its aliases unfold to more than `UNFOLD_RATIO_MAX` nodes for each character.
    """
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecError(
            f"not YAML: {error.problem or error.context}",
            file=file,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from None
    except yaml.YAMLError as error:
        raise SpecError(f"not YAML: {' '.join(str(error).split())}", file=file) from None
    reader = _Reader(file, UNFOLD_NODES_MIN + UNFOLD_RATIO_MAX * len(text))
    documents = []
    for node in nodes:
        reader.places = {}
        value = reader.read(node, ())
        if value is not None:
            documents.append(Document(value=value, places=MappingProxyType(reader.places)))
    return tuple(documents)


class _Reader:
    """Turns nodes into values while it notes their places."""

    def __init__(self, file: str, nodes_max: int) -> None:
        self.places: dict[FieldPath, Place] = {}
        self._file = file
        self._constructor = yaml.constructor.SafeConstructor()
        self._nodes_max = nodes_max
        self._nodes = 0

    def read(self, node: yaml.Node, path: FieldPath) -> object:
        self._nodes += 1
        if self._nodes > self._nodes_max or len(path) > DEPTH_MAX:
            raise self._error(node, "the document is nested too deeply or unfolds to too much")
        self.places.setdefault(path, _place(node))
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._read_scalar(node)

    def _read_mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, object]:
        self._constructor.flatten_mapping(node)
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "a key must be text")
            key = key_node.value
            if key in values:
                raise self._error(key_node, f"the key {key!r} appears twice")
            self.places[(*path, key)] = _place(key_node)
            values[key] = self.read(value_node, (*path, key))
        return values

    def _read_scalar(self, node: yaml.Node) -> object:
        if node.tag == _TIMESTAMP or (node.tag in _NUMBERS and ":" in node.value):
            node.tag = _TEXT
        try:
            value: object = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError):
            raise self._error(node, f"{node.value!r} cannot be read as {node.tag}") from None
        return value

    def _error(self, node: yaml.Node, message: str) -> SpecError:
        place = _place(node)
        return SpecError(message, file=self._file, line=place.line, column=place.column)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
