"""Whatever stands in the user's files: it is read, or a SpecError says what is wrong."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.errors import SpecError
from bascule.spec.document import parse_documents
from bascule.spec.load import parse_gateway, parse_upgrade
from bascule.spec.schema import gateway_schema, upgrade_schema
from tests.support.specs import EXAMPLES

GATEWAY = (EXAMPLES / "gateway.yaml").read_text()
TEXTS = [file.read_text() for file in sorted(EXAMPLES.glob("*.yaml"))]
_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["off", "1e999", "~x/y", "~", "*", "shift-5", "2026-02-30", "0:0", "{{", "%"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)


@given(data=st.data(), text=st.sampled_from(TEXTS))
@settings(max_examples=40, deadline=None)
def test_any_change_of_a_value_is_read_or_is_a_spec_error(data: st.DataObject, text: str) -> None:
    document = yaml.safe_load(text)
    for _ in range(data.draw(st.integers(1, 3), label="changes")):
        _change(document, data)

    _read_or_tell(yaml.safe_dump(document, allow_unicode=True))


def _change(document: dict[str, Any], data: st.DataObject) -> None:
    """Change something somewhere in the document."""
    parent: Any = document
    while True:
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys), label="key")
        child = parent[key]
        if not isinstance(child, (dict, list)) or data.draw(st.booleans(), label="stay"):
            break
        parent = child
    match data.draw(st.sampled_from(["replace", "remove", "add"]), label="change"):
        case "remove":
            del parent[key]
        case "add" if isinstance(parent, dict):
            parent[data.draw(st.text(max_size=8), label="new key")] = child
        case "add":
            parent.append(child)
        case _:
            parent[key] = data.draw(_JUNK, label="value")


@given(data=st.data(), text=st.sampled_from(TEXTS))
@settings(max_examples=40, deadline=None)
def test_any_change_of_the_text_is_read_or_is_a_spec_error(data: st.DataObject, text: str) -> None:
    start = data.draw(st.integers(0, len(text)), label="start")
    end = data.draw(st.integers(start, min(len(text), start + 20)), label="end")
    put = data.draw(st.one_of(st.text(max_size=5), st.sampled_from("\t\n:-{}[]&*!|>'\"%@`#,?")))

    _read_or_tell(text[:start] + put + text[end:])


def _read_or_tell(text: str) -> None:
    """Read a text as either file; anything but a SpecError is our own mistake.

    What is read is good by the published schema too.
    """
    with contextlib.suppress(SpecError):
        parse_gateway(text, "dir/gateway.yaml")
        _validate(gateway_schema(), text)
    with contextlib.suppress(SpecError):
        parse_upgrade(text, "dir/upgrade.yaml", _read_gateway)
        _validate(upgrade_schema(), text)


def _validate(schema: Mapping[str, object], text: str) -> None:
    (document,) = parse_documents(text, "file.yaml")
    jsonschema.Draft202012Validator(schema).validate(document.value)


def _read_gateway(path: Path) -> str:
    """Return what stands in every file that an upgrade names."""
    return GATEWAY if path.suffix else ""
