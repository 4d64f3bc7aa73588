"""Typed reading of a kubeconfig's YAML: each wrong value names its file and field."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from bascule.errors import SpecError


def parse_yaml(text: str, file: str) -> object:
    """Return the one YAML document in `text`; raises SpecError with line and column."""
    try:
        return cast("object", yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecError(
            f"not valid YAML: {error.problem or error.context}",
            file=file,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
            remedy="mend the file at this place; `kubectl config view` reads it too",
        ) from error
    except yaml.YAMLError as error:
        raise SpecError(f"not valid YAML: {error}", file=file) from error


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping in a kubeconfig, with the way to it."""

    values: Mapping[str, object]
    file: str
    field: str = ""

    @classmethod
    def of(cls, value: object, *, file: str, field: str = "") -> "Section":
        """Return `value` as a section; None is an empty one."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise SpecError(f"expected a mapping, found {_kind(value)}", file=file, field=field)
        return cls(cast("Mapping[str, object]", value), file, field)

    def error(self, key: str, message: str, *, remedy: str = "") -> SpecError:
        """Return the error for the value of `key`."""
        return SpecError(message, file=self.file, field=self._field(key), remedy=remedy)

    def text(self, key: str) -> str:
        """Return a string, empty where it is absent."""
        value = self.values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.error(key, f"expected text, found {_kind(value)}", remedy="put it in quotes")
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean, False where it is absent."""
        value = self.values.get(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.error(key, f"expected true or false, found {_kind(value)}")
        return value

    def section(self, key: str) -> "Section":
        """Return the mapping below, empty where it is absent."""
        return Section.of(self.values.get(key), file=self.file, field=self._field(key))

    def entries(self, key: str) -> Iterator["Section"]:
        """Return each mapping of the list below, none where it is absent."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, list):
            raise self.error(key, f"expected a list, found {_kind(value)}")
        for position, entry in enumerate(cast("list[object]", value or [])):
            yield Section.of(entry, file=self.file, field=f"{self._field(key)}[{position}]")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of strings below, empty where it is absent."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(key, "expected a list of texts", remedy="put each in quotes")
        return tuple(cast("list[str]", value))

    def named(self, key: str, name: str, inner: str) -> "Section":
        """Return `inner` of the entry of list `key` whose `name` is `name`.

        Raises SpecError that lists the names there are.
        """
        names = []
        for entry in self.entries(key):
            if entry.text("name") == name:
                return Section.of(
                    entry.values.get(inner), file=self.file, field=f"{key}[{name}].{inner}"
                )
            names.append(entry.text("name"))
        known = ", ".join(sorted(names)) or "none"
        raise self.error(key, f"there is no entry named {name!r}", remedy=f"it has: {known}")

    def content(self, key: str) -> bytes | None:
        """Return `key`-data decoded, or the content of the file that `key` names, or None.

        Inline data wins over a file, and relative files lie beside the kubeconfig, as in client-go.
        """
        data_key = f"{key}-data"
        if data := self.text(data_key):
            return self._decode(data_key, data)
        name = self.text(key)
        return self._content_of(key, name) if name else None

    def beside(self, name: str) -> Path:
        """Return the path `name`, relative to the kubeconfig's directory."""
        return Path(self.file).parent / name

    def _decode(self, key: str, data: str) -> bytes:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except binascii.Error as error:
            raise self.error(
                key, "not valid base64", remedy="write the whole file's content in base64"
            ) from error

    def _content_of(self, key: str, name: str) -> bytes:
        try:
            return self.beside(name).read_bytes()
        except OSError as error:
            raise self.error(
                key,
                f"cannot read {self.beside(name)}: {error.strerror}",
                remedy="give a readable file, or the content itself as " + key + "-data",
            ) from error

    def _field(self, key: str) -> str:
        return f"{self.field}.{key}" if self.field else key


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return type(value).__name__
