"""Remembers a gateway that was taken over from AGIC: its document, exact, and how AGIC ran."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

from bascule.app.gateways.agic import Controller
from bascule.app.gateways.before import put_aside, render_document
from bascule.app.state_dir import StateDir
from bascule.azure.document import Document, text_at
from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.private_file import write_private

FILE = "gateway-adopted.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What a gateway was when it was taken over."""

    agic_prefix: str
    document: Document
    controllers: tuple[Controller, ...] = ()
    """As they ran before."""
    add_ons: tuple[str, ...] = ()
    """The ids of clusters whose add-on was disabled."""


def load_adopted(state_dir: StateDir, gateway_id: str) -> Adopted | None:
    """Return what was kept of this gateway, or None.

    Raises UsageError for a file that cannot be read.
    """
    found = _load(find_file(state_dir))
    return found if found is not None and is_of(found.document, gateway_id) else None


def is_of(document: Document, gateway_id: str) -> bool:
    """Whether a document is of this gateway; ids have no case."""
    return text_at(document, "id").lower() == gateway_id.lower()


def _load(file: Path) -> Adopted | None:
    try:
        data = json.loads(file.read_bytes())
        controllers = tuple(_parse(each) for each in data["controllers"])
        return Adopted(
            agic_prefix=data["agic_prefix"],
            document=data["document"],
            controllers=controllers,
            add_ons=tuple(data["add_ons"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{file} cannot be read: {error}",
            remedy="it tells what AGIC's part of the gateway was; bring it back from a backup",
        ) from error


def keep_adopted(state_dir: StateDir, adopted: Adopted) -> None:
    """Write it down (0600), durable on return; one of another gateway is put aside.

    Raises UsageError when it cannot be written.
    """
    file = find_file(state_dir)
    former = _load(file)
    shown = {
        "agic_prefix": adopted.agic_prefix,
        "controllers": [asdict(each) for each in adopted.controllers],
        "add_ons": list(adopted.add_ons),
        "document": adopted.document,
    }
    try:
        if former is not None and not is_of(former.document, text_at(adopted.document, "id")):
            put_aside(file)
        write_private(file, render_document(shown))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}; nothing was changed",
            remedy="make room for it, or choose another state directory with --state DIR",
        ) from error


def join_controllers(
    found: tuple[Controller, ...], kept: tuple[Controller, ...]
) -> tuple[Controller, ...]:
    """Return the controllers as they ran before any was put to sleep by an earlier try."""
    former = {(each.cluster, each.namespace, each.name): each for each in kept}
    joined = {(each.cluster, each.namespace, each.name): each for each in found}
    for key, each in former.items():
        current = joined.get(key)
        if current is None or not current.replicas:
            joined[key] = replace(each, context=current.context if current else each.context)
    return tuple(joined[key] for key in sorted(joined))


def find_file(state_dir: StateDir) -> Path:
    """Return where it is kept."""
    return state_dir.path / FILE


def _parse(data: Mapping[str, object]) -> Controller:
    return Controller(
        cluster=Cluster(str(data["cluster"])),
        context=str(data["context"]),
        namespace=str(data["namespace"]),
        name=str(data["name"]),
        replicas=int(cast("int", data["replicas"])),
    )
