"""Decoder of the protobuf bodies of client-go and kubectl: a magic number and a runtime.Unknown.

Field numbers come from the table that scripts/build_protobuf_table.py writes. What Go would leave
out of the JSON of an object (a zero that is not behind a pointer) is left out here, too.
"""

import base64
import gzip
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from bascule.lab.kubeapi.objects.statuses import bad_request

MAGIC: Final = b"k8s\x00"
MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"
DEPTH_MAX: Final = 64

_META: Final = "k8s.io.apimachinery.pkg.apis.meta.v1"
_EXTENSIONS: Final = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_VARINT_BYTES_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    type: str
    is_repeated: bool
    is_map: bool
    is_inline: bool
    keeps_zero: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    package_by_group: Mapping[str, str]
    messages: Mapping[str, Mapping[str, Any]]


def decode_object(body: bytes) -> dict[str, Any]:
    """Return the object in `body` as JSON would have it, `apiVersion` and `kind` included.

    Raises a StatusError (400) for anything that is not a well-formed object of a known kind.
    """
    return _decode_body(body, DEPTH_MAX)


def _decode_body(body: bytes, depth: int) -> dict[str, Any]:
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message")
    envelope = _read_raw(body[len(MAGIC) :])
    type_meta = _read_raw(envelope.get(1, b""))
    api_version, kind = _text(type_meta.get(1, b"")), _text(type_meta.get(2, b""))
    message = _find_message(api_version, kind)
    if message is None:
        raise bad_request(
            f'no kind "{kind}" is registered for version "{api_version}" in the protobuf decoder'
        )
    decoded = _decode_message(envelope.get(2, b""), message, depth)
    return {"apiVersion": api_version, "kind": kind, **decoded}


def _read_raw(data: bytes) -> dict[int, bytes]:
    """Return the length-delimited fields of an envelope by number."""
    return {number: value for number, _, value in _read_fields(data) if isinstance(value, bytes)}


def _find_message(api_version: str, kind: str) -> str | None:
    table = _load_table()
    group = api_version if "/" in api_version else f"/{api_version}"
    for package in (table.package_by_group.get(group), _META):
        if package is not None and f"{package}.{kind}" in table.messages:
            return f"{package}.{kind}"
    return None


def _decode_message(data: bytes, message: str, depth: int) -> dict[str, Any]:
    if depth <= 0:
        raise bad_request(f"protobuf: nested deeper than {DEPTH_MAX} messages")
    fields = _fields_of(message)
    decoded: dict[str, Any] = {}
    for number, wire_type, value in _read_fields(data):
        field = fields.get(number)
        if field is not None:
            _store(decoded, field, _Wire(type=wire_type, value=value), depth)
    return decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wire:
    type: int
    value: int | bytes


def _store(decoded: dict[str, Any], field: _Field, wire: _Wire, depth: int) -> None:
    if field.is_map:
        key, value = _decode_entry(wire, field.type, depth)
        decoded.setdefault(field.name, {})[key] = value
    elif field.is_repeated:
        decoded.setdefault(field.name, []).extend(_decode_items(wire, field.type, depth))
    elif field.is_inline:
        decoded.update(_decode_value(wire, field.type, depth))
    else:
        value = _decode_value(wire, field.type, depth)
        if value is not None and (field.keeps_zero or value not in (0, "", {}, [])):
            decoded[field.name] = value
        else:
            decoded.pop(field.name, None)


def _decode_entry(wire: _Wire, value_type: str, depth: int) -> tuple[str, Any]:
    key = ""
    value = _zero(value_type)
    for number, wire_type, raw in _read_fields(_bytes(wire)):
        inner = _Wire(type=wire_type, value=raw)
        if number == 1:
            key = _text(_bytes(inner))
        elif number == 2:
            value = _decode_value(inner, value_type, depth)
    return key, value


def _zero(value_type: str) -> Any:
    if value_type in {"s", "y"}:
        return ""
    return _decode_value(_Wire(type=_BYTES, value=b""), value_type, DEPTH_MAX)


def _decode_items(wire: _Wire, item_type: str, depth: int) -> list[Any]:
    if wire.type != _BYTES or item_type not in {"i", "u", "b"}:
        return [_decode_value(wire, item_type, depth)]
    data = _bytes(wire)
    items = []
    place = 0
    while place < len(data):
        number, place = _read_varint(data, place)
        items.append(_decode_value(_Wire(type=_VARINT, value=number), item_type, depth))
    return items


def _decode_value(wire: _Wire, value_type: str, depth: int) -> Any:
    scalar = _SCALARS.get(value_type)
    if scalar is not None:
        return scalar(wire)
    special = _SPECIAL.get(value_type)
    if special is not None:
        return special(_bytes(wire), depth - 1)
    alias = _load_table().messages[value_type].get("list")
    if alias is not None:
        name, item_type, _ = alias
        field = _Field(
            name=name,
            type=item_type,
            is_repeated=True,
            is_map=False,
            is_inline=False,
            keeps_zero=True,
        )
        holder: dict[str, Any] = {}
        for number, wire_type, value in _read_fields(_bytes(wire)):
            if number == 1:
                _store(holder, field, _Wire(type=wire_type, value=value), depth - 1)
        return holder.get(name, [])
    return _decode_message(_bytes(wire), value_type, depth - 1)


def _int(wire: _Wire) -> int:
    value = _uint(wire)
    return value - (1 << 64) if value >= 1 << 63 else value


def _uint(wire: _Wire) -> int:
    if not isinstance(wire.value, int):
        raise bad_request("protobuf: wrong wire type for an integer")
    return wire.value


def _double(wire: _Wire) -> float:
    if wire.type != _FIXED64:
        raise bad_request("protobuf: wrong wire type for a double")
    number: float = struct.unpack("<d", struct.pack("<Q", _uint(wire)))[0]
    return number


def _bytes(wire: _Wire) -> bytes:
    if not isinstance(wire.value, bytes):
        raise bad_request("protobuf: wrong wire type for a message, string or bytes")
    return wire.value


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise bad_request("protobuf: a string is not valid UTF-8") from error


_SCALARS: Final[Mapping[str, Callable[[_Wire], Any]]] = {
    "s": lambda wire: _text(_bytes(wire)),
    "b": lambda wire: _uint(wire) != 0,
    "i": _int,
    "u": _uint,
    "d": _double,
    "y": lambda wire: base64.b64encode(_bytes(wire)).decode("ascii"),
}


def _decode_int_or_string(data: bytes, depth: int) -> int | str:
    value = _decode_message(data, "k8s.io.apimachinery.pkg.util.intstr.IntOrString", depth)
    if value.get("type", 0) == 0:
        number: int = value.get("intVal", 0)
        return number
    return str(value.get("strVal", ""))


def _decode_quantity(data: bytes, _depth: int) -> str:
    return _text(_read_raw(data).get(1, b"")) or "0"


def _decode_time(data: bytes, _depth: int) -> str | None:
    moment = _read_moment(data)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _decode_micro_time(data: bytes, _depth: int) -> str | None:
    moment = _read_moment(data)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _read_moment(data: bytes) -> datetime | None:
    if not data:
        return None
    parts = {
        number: _int(_Wire(type=wire_type, value=value))
        for number, wire_type, value in _read_fields(data)
    }
    try:
        passed = timedelta(seconds=parts.get(1, 0), microseconds=parts.get(2, 0) // 1000)
        return _EPOCH + passed
    except OverflowError as error:
        raise bad_request("protobuf: a time is out of range") from error


def _decode_json(data: bytes, depth: int) -> Any:
    raw = _read_raw(data).get(1, b"")
    if raw.startswith(MAGIC):
        return _decode_body(raw, depth)
    if not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"protobuf: an embedded JSON value cannot be read: {error}") from error


def _decode_schema_or_other(data: bytes, depth: int) -> Any:
    """Read the unions of apiextensions: a schema (1 or, for a bool, 2), schemas, a bool."""
    items: list[Any] = []
    for number, wire_type, value in _read_fields(data):
        wire = _Wire(type=wire_type, value=value)
        if isinstance(value, int):
            items.append(value != 0)
        elif number in (1, 2):
            items.append(_decode_message(_bytes(wire), f"{_EXTENSIONS}.v1.JSONSchemaProps", depth))
    schemas = [item for item in items if isinstance(item, dict)]
    if not schemas:
        return items[0] if items else None
    return schemas[0] if len(schemas) == 1 else schemas


def _decode_schema_or_strings(data: bytes, depth: int) -> Any:
    names: list[str] = []
    for number, wire_type, value in _read_fields(data):
        wire = _Wire(type=wire_type, value=value)
        if number == 1:
            return _decode_message(_bytes(wire), f"{_EXTENSIONS}.v1.JSONSchemaProps", depth)
        names.append(_text(_bytes(wire)))
    return names


_SPECIAL: Final[Mapping[str, Callable[[bytes, int], Any]]] = {
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": _decode_int_or_string,
    "k8s.io.apimachinery.pkg.api.resource.Quantity": _decode_quantity,
    f"{_META}.Time": _decode_time,
    f"{_META}.MicroTime": _decode_micro_time,
    f"{_META}.FieldsV1": _decode_json,
    "k8s.io.apimachinery.pkg.runtime.RawExtension": _decode_json,
    **{f"{_EXTENSIONS}.{v}.JSON": _decode_json for v in ("v1", "v1beta1")},
    **{
        f"{_EXTENSIONS}.{v}.JSONSchemaPropsOr{other}": _decode_schema_or_other
        for v in ("v1", "v1beta1")
        for other in ("Array", "Bool")
    },
    **{
        f"{_EXTENSIONS}.{v}.JSONSchemaPropsOrStringArray": _decode_schema_or_strings
        for v in ("v1", "v1beta1")
    },
}


def _read_fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    place = 0
    while place < len(data):
        tag, place = _read_varint(data, place)
        number, wire_type = tag >> 3, tag & 7
        value: int | bytes
        if wire_type == _VARINT:
            value, place = _read_varint(data, place)
        elif wire_type == _BYTES:
            length, place = _read_varint(data, place)
            value, place = _take(data, place, length)
        elif wire_type in (_FIXED64, _FIXED32):
            raw, place = _take(data, place, 8 if wire_type == _FIXED64 else 4)
            value = int.from_bytes(raw, "little")
        else:
            raise bad_request(f"protobuf: wire type {wire_type} is not known")
        if number == 0:
            raise bad_request("protobuf: illegal tag 0")
        yield number, wire_type, value


def _take(data: bytes, place: int, length: int) -> tuple[bytes, int]:
    end = place + length
    if end > len(data):
        raise bad_request("protobuf: unexpected EOF")
    return data[place:end], end


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count in range(_VARINT_BYTES_MAX):
        if place >= len(data):
            raise bad_request("protobuf: unexpected EOF")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place
    raise bad_request("protobuf: integer overflow")


@lru_cache(maxsize=4096)
def _fields_of(message: str) -> Mapping[int, _Field]:
    raw = _load_table().messages[message]
    return {
        int(number): _Field(
            name=name,
            type=type_name,
            is_repeated="r" in flags,
            is_map="M" in flags,
            is_inline="i" in flags,
            keeps_zero="k" in flags,
        )
        for number, (name, type_name, flags) in raw.items()
        if number.isdigit()
    }


@lru_cache(maxsize=1)
def _load_table() -> _Table:
    path = files("bascule.lab.kubeapi.objects") / "data" / "protobuf_fields.json.gz"
    raw = msgspec.json.decode(gzip.decompress(path.read_bytes()))
    return _Table(package_by_group=raw["groups"], messages=raw["messages"])
