"""Writes objects in Kubernetes' protobuf form, so that tests need no recorded bytes.

Field numbers are looked up by JSON name in the table that the package ships.
"""

import base64
import gzip
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec

MAGIC = b"k8s\x00"
_QUANTITY = "k8s.io.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "k8s.io.apimachinery.pkg.util.intstr.IntOrString"


def encode_object(obj: dict[str, Any], message: str) -> bytes:
    """Return the body that client-go would send for `obj`, whose message has this full name."""
    rest = {key: value for key, value in obj.items() if key not in {"apiVersion", "kind"}}
    type_meta = delimited(1, obj["apiVersion"].encode()) + delimited(2, obj["kind"].encode())
    return MAGIC + delimited(1, type_meta) + delimited(2, encode_message(rest, message))


def encode_message(value: dict[str, Any], message: str) -> bytes:
    """Return the fields of a message; inlined ones are looked up where they come from."""
    encoded = b""
    for number, (name, kind, flags) in fields_of(message).items():
        if "i" in flags:
            encoded += delimited(int(number), encode_message(value, kind))
        elif name in value:
            encoded += _encode_field(int(number), value[name], kind, flags)
    return encoded


def _encode_field(number: int, value: Any, kind: str, flags: str) -> bytes:
    if "M" in flags:
        return b"".join(
            delimited(number, delimited(1, key.encode()) + encode_value(2, inner, kind))
            for key, inner in value.items()
        )
    values = value if "r" in flags else [value]
    return b"".join(encode_value(number, item, kind) for item in values)


def encode_value(number: int, value: Any, kind: str) -> bytes:
    """Return one field with its tag."""
    if kind == "s":
        return delimited(number, value.encode())
    if kind == "y":
        return delimited(number, base64.b64decode(value))
    if kind in {"b", "i", "u"}:
        return varint(number << 3) + varint(int(value) & 0xFFFF_FFFF_FFFF_FFFF)
    if kind == _QUANTITY:
        return delimited(number, delimited(1, value.encode()))
    if kind == _INT_OR_STRING:
        return delimited(number, _int_or_string(value))
    return delimited(number, encode_message(value, kind))


def _int_or_string(value: int | str) -> bytes:
    if isinstance(value, int):
        return varint(1 << 3) + varint(0) + varint(2 << 3) + varint(value)
    return varint(1 << 3) + varint(1) + delimited(3, value.encode())


def delimited(number: int, data: bytes) -> bytes:
    """Return a length-delimited field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """Return a number in base 128."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


@lru_cache
def fields_of(message: str) -> dict[str, list[str]]:
    """Return `[name, type, flags]` by number."""
    found: dict[str, list[str]] = _table()[message]
    return found


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    path = files("bascule.lab.kubeapi.objects") / "data" / "protobuf_fields.json.gz"
    table: dict[str, Any] = msgspec.json.decode(gzip.decompress(path.read_bytes()))["messages"]
    return table
