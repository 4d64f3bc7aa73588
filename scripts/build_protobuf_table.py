"""Writes the table of protobuf field numbers that the lab's API server reads bodies with.

The facts (number, name and type of each field, and how it is written as JSON) are read from the
`generated.proto` and Go sources of k8s.io/api, k8s.io/apimachinery and
k8s.io/apiextensions-apiserver. Debian sid ships them as golang-k8s-api-dev,
golang-k8s-apimachinery-dev and golang-k8s-apiextensions-apiserver-dev; unpack the three
with `dpkg -x PACKAGE.deb FOLDER` and run

    python scripts/build_protobuf_table.py FOLDER/usr/share/gocode/src/k8s.io
"""

import gzip
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TARGET: Final = Path("src/bascule/lab/kubeapi/objects/data/protobuf_fields.json.gz")

_PACKAGE: Final = re.compile(r"^package ([\w.]+);", re.MULTILINE)
_MESSAGE: Final = re.compile(r"^message (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD: Final = re.compile(
    r"^\s*(optional|repeated|required|map<(?P<key>[\w.]+), ?(?P<value>[\w.]+)>)"
    r"(?: (?P<type>[\w.]+))? (?P<name>\w+) = (?P<number>\d+)",
    re.MULTILINE,
)
_STRUCT: Final = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_ALIAS: Final = re.compile(r"^type (\w+) \[\]\w+", re.MULTILINE)
_TAGGED: Final = re.compile(r"^\s*(?P<go>[^/\n`]*?)`(?P<tags>[^`]*)`", re.MULTILINE)
_NUMBER: Final = re.compile(r'protobuf:"\w+,(\d+)')
_JSON: Final = re.compile(r'json:"([^"]*)"')
_GROUP: Final = re.compile(r'GroupName\s*=\s*"([^"]*)"')
_SCALARS: Final = {
    "string": "s",
    "bool": "b",
    "int32": "i",
    "int64": "i",
    "uint32": "u",
    "uint64": "u",
    "double": "d",
    "bytes": "y",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoField:
    """How Go writes one field as JSON."""

    name: str
    is_inline: bool
    keeps_zero: bool


def main(arguments: list[str]) -> int:
    """Write the table; the one argument is the folder that holds `api`, `apimachinery`, ..."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    root = Path(arguments[0])
    messages: dict[str, object] = {}
    groups: dict[str, str] = {}
    for path in sorted(root.rglob("generated.proto")):
        package, found = read_package(path)
        if "testapigroup" in package:
            continue
        messages.update(found)
        group = read_group(path.parent)
        if found and group is not None:
            groups[f"{group}/{path.parent.name}"] = package
    table = {"groups": groups, "messages": messages}
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{TARGET}: {len(messages)} messages of {len(groups)} groups and versions")
    return 0


def read_package(path: Path) -> tuple[str, dict[str, object]]:
    """Return the package of a .proto file and its messages by their full names."""
    text = path.read_text()
    match = _PACKAGE.search(text)
    package = match[1] if match else ""
    go_text = "\n".join(
        source.read_text()
        for source in sorted(path.parent.glob("*.go"))
        if not source.name.startswith(("generated", "zz_")) and not source.stem.endswith("_test")
    )
    structs = {found[1]: read_struct(found[2]) for found in _STRUCT.finditer(go_text)}
    lists = set(_ALIAS.findall(go_text))
    messages: dict[str, object] = {}
    for message in _MESSAGE.finditer(text):
        name = message[1]
        fields = read_fields(message[2], package, structs.get(name, {}))
        messages[f"{package}.{name}"] = {"list": fields["1"]} if name in lists else fields
    return package, messages


def read_struct(body: str) -> dict[str, GoField]:
    """Return the fields of a Go struct by their protobuf numbers."""
    fields = {}
    for line in _TAGGED.finditer(body):
        number = _NUMBER.search(line["tags"])
        tag = _JSON.search(line["tags"])
        if number and tag:
            name, *options = tag[1].split(",")
            declaration = line["go"].split()
            is_pointer = declaration[-1].startswith("*") if declaration else False
            fields[number[1]] = GoField(
                name=name,
                is_inline="inline" in options,
                keeps_zero=is_pointer or not {"omitempty", "omitzero"} & set(options),
            )
    return fields


def read_fields(body: str, package: str, struct: dict[str, GoField]) -> dict[str, object]:
    """Return `[JSON name, type, flags]` by field number.

    Flags: `r` repeated, `M` map of strings to the type, `i` inlined into the message that holds it,
    `k` written as JSON even when it is zero.
    """
    fields: dict[str, object] = {}
    for field in _FIELD.finditer(body):
        number = field["number"]
        go = struct.get(number)
        flags = "M" if field["value"] else "r" if field[1] == "repeated" else ""
        if go:
            flags += ("i" if go.is_inline else "") + ("k" if go.keeps_zero else "")
        name = go.name if go and go.name else field["name"]
        fields[number] = [name, name_type(field["value"] or field["type"], package), flags]
    return fields


def name_type(written: str, package: str) -> str:
    """Return the letter of a scalar, or the full name of a message."""
    if written in _SCALARS:
        return _SCALARS[written]
    return written.removeprefix(".") if "." in written else f"{package}.{written}"


def read_group(folder: Path) -> str | None:
    """Return the API group that a Go package registers, or None when it registers none."""
    register = folder / "register.go"
    match = _GROUP.search(register.read_text()) if register.exists() else None
    return match[1] if match else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
