"""Keeps an Application Gateway as it was before we first wrote it: exact, for its owner alone."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from bascule.azure.document import Document, text_at
from bascule.errors import UsageError
from bascule.journal.record import Json
from bascule.private_file import write_private
from bascule.redact import redact
from bascule.upgrade.events import GatewayKept

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway")

SECRET_KEYS = frozenset({"data", "password"})
"""What no journal holds, whatever Azure shows of it."""
DIGITS = 12


def keep_before(document: Document, file: Path) -> GatewayKept:
    """Keep a gateway's document in `file`, unless it holds one of this gateway; return a record.

    One of another gateway is put aside beside it, and so is one that holds no document. Raises
    UsageError when it cannot be read or written.
    """
    found = _read(file)
    if found is not None and _is_same_gateway(found, document):
        return _describe(found)
    try:
        put_aside(file)
        write_private(file, render_document(document))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}; the gateway was not touched",
            remedy="make room for it, or choose another state directory with --state DIR",
        ) from error
    return _describe(document)


def put_aside(file: Path) -> None:
    """Give a kept file another name, by what it holds, so that it is kept and no longer counts.

    Does nothing where there is no such file. Raises OSError.
    """
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return
    file.rename(file.with_name(f"{file.stem}-{digest[:DIGITS]}.json"))


def _describe(document: Document) -> GatewayKept:
    shown = _redact(msgspec.to_builtins(document, enc_hook=dict))
    return GatewayKept(
        gateway=text_at(document, "id").lower(),
        digest=_digest(document),
        document=shown if isinstance(shown, dict) else {},
    )


def _is_same_gateway(one: Document, other: Document) -> bool:
    return text_at(one, "id").lower() == text_at(other, "id").lower()


def _read(file: Path) -> dict[str, object] | None:
    """Return what the file holds; None where it holds no document, or is not there."""
    try:
        found: object = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}; the gateway was not touched",
            remedy="it tells what the gateway was before us: make it readable, or move it away",
        ) from error
    except ValueError as error:
        _LOG.warning(
            "what is kept of the gateway cannot be read and is put aside",
            file=str(file),
            why=str(error),
        )
        return None
    return found if isinstance(found, dict) else None


def _digest(document: Document) -> str:
    return hashlib.sha256(render_document(document)).hexdigest()


def render_document(document: Document) -> bytes:
    """Return a document as files hold it."""
    return json.dumps(document, ensure_ascii=False, indent=1, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no part of a document")


def _redact(value: Json) -> Json:
    match value:
        case dict():
            return {k: _redact(v) for k, v in value.items() if k.lower() not in SECRET_KEYS}
        case list():
            return [_redact(each) for each in value]
        case str():
            return redact(value)
        case _:
            return value
