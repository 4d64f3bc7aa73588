"""A split as JSON: how it stands in the journal, in the inbox and in the output of verbs."""

from collections.abc import Mapping
from datetime import datetime

from bascule.errors import JournalError
from bascule.journal.record import Json, Record
from bascule.routing.weights import TOTAL_BP, Split, Weights


def render_split(split: Split) -> dict[str, Json]:
    """Return `{"default": {"blue_bp": …, "green_bp": …}, "by_host": {…}}`."""
    hosts: dict[str, Json] = {host: _render(w) for host, w in split.by_host.items()}
    return {"default": _render(split.default), "by_host": hosts}


def parse_split(data: Json) -> Split:
    """Return the split that `render_split` wrote. Raises JournalError for anything else."""
    fields = read_object(data, "split")
    hosts = read_object(fields.get("by_host"), "by_host")
    return Split(
        _parse(fields.get("default")), {host: _parse(weights) for host, weights in hosts.items()}
    )


def read_object(data: Json, name: str) -> Mapping[str, Json]:
    """Return `data` if it is an object. Raises JournalError if not."""
    if not isinstance(data, dict):
        raise JournalError(f"{name} is not an object in a record or command")
    return data


def read_text(data: Mapping[str, Json], name: str, *, default: str | None = None) -> str:
    """Return the text field `name`. Raises JournalError if it is missing without a default."""
    value = data.get(name, default)
    if not isinstance(value, str):
        raise JournalError(f"{name} is not text in a record or command")
    return value


def read_names(data: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return the list of texts `name`; empty where there is no such list."""
    value = data.get(name)
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def read_number(data: Mapping[str, Json], name: str) -> float | None:
    """Return the number field `name`, or None where it is null or missing: not known."""
    value = data.get(name)
    if isinstance(value, bool) or not (value is None or isinstance(value, int | float)):
        raise JournalError(f"{name} is not a number in a record or command")
    return value


def render_time(at: datetime | None) -> str | None:
    """Return a time as ISO 8601 text; None, not known, stays None."""
    return None if at is None else at.isoformat()


def read_time(data: Mapping[str, Json], name: str) -> datetime | None:
    """Return the time field `name`, or None where it is null or missing: not known."""
    value = data.get(name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise JournalError(f"{name} is not a time in a record or command") from error


def unknown_kind(record: Record) -> JournalError:
    """Return the error for a record of a kind that this version does not know."""
    return JournalError(
        f"record {record.seq} of the journal is of the unknown kind {record.entry.kind!r}",
        remedy="use the version of bascule that wrote it, or a later one",
    )


def _render(weights: Weights) -> dict[str, Json]:
    return {"blue_bp": weights.blue_bp, "green_bp": weights.green_bp}


def _parse(data: Json) -> Weights:
    fields = read_object(data, "weights")
    blue, green = fields.get("blue_bp"), fields.get("green_bp")
    if not isinstance(blue, int) or not isinstance(green, int) or blue + green != TOTAL_BP:
        raise JournalError("weights in a record or command do not add up to 10,000")
    return Weights(blue)
