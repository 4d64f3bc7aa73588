"""What can happen to a gateway's split, and how each event is written in the journal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from bascule.errors import JournalError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json, Record
from bascule.routing.weights import Split
from bascule.upgrade.encoding import (
    parse_split,
    read_names,
    read_number,
    read_object,
    read_text,
    read_time,
    render_split,
    render_time,
    unknown_kind,
)
from bascule.upgrade.names import Identities, parse_identities, render_identities

WAY_BACK = "rollback"
"""The kind of a change that leads back."""


class Result(StrEnum):
    """How an order ended; `unknown` is neither success nor failure, and is never taken for one."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The gateway's history begins; `split` is what its file says is active."""

    split: Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """The split is about to change from `before` to `wanted`; written before anything is sent."""

    order_id: CommandId
    kind: str
    before: Split
    wanted: Split
    reason: str = ""
    notes: tuple[str, ...] = ()
    """What was not as it should be and was overridden or accepted."""
    cancels: tuple[str, ...] = ()
    """Whose operations on the gateway it may cancel, by the word of whoever gave the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An intent has ended; `split` is the one that stands from now on."""

    order_id: CommandId
    result: Result
    split: Split
    reason: str = ""
    remedy: str = ""
    command_ms: float | None = None
    """From the durable intent to the last instance's acknowledgement; None is not known."""
    acknowledged_at: datetime | None = None
    """Wall-clock time of that acknowledgement; None is not known."""
    effective_at: datetime | None = None
    """From when on every request went by it, as the gateway counts; None is not known."""
    instances: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An order was turned down before anything was changed."""

    order_id: CommandId
    kind: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """What the product's own witness saw around an order."""

    order_id: CommandId
    summary: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClustersNamed:
    """Who blue and green are from now on; no role changes, and no traffic moves.

    `replaced` are those that are other clusters than before. They get no requests.
    """

    clusters: Identities
    replaced: tuple[Cluster, ...] = ()
    reason: str = ""
    """Why an operator says that these are the clusters of before, at other addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClustersSwapped:
    """The cluster that has all traffic is blue from now on, not green; no traffic moves."""

    clusters: Identities
    is_blue_kept: bool = False
    """Whether the blue of before is green now; else it is out of the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKept:
    """The gateway as it was before we first wrote it; the exact document is in a file."""

    gateway: str
    """Its id where it lives."""
    digest: str
    """Of the exact document."""
    document: Mapping[str, Json] = field(default_factory=dict)
    """Without what is secret."""


Event: TypeAlias = (
    Opened
    | Intended
    | Finished
    | Refused
    | Witnessed
    | ClustersNamed
    | ClustersSwapped
    | GatewayKept
)

KIND_BY_EVENT: Mapping[type[Event], str] = {
    Opened: "gateway_opened",
    Intended: "weights_intended",
    Finished: "weights_finished",
    Refused: "order_refused",
    Witnessed: "order_witnessed",
    ClustersNamed: "clusters_named",
    ClustersSwapped: "clusters_swapped",
    GatewayKept: "gateway_kept",
}


def render_event(event: Event) -> dict[str, Json]:
    """Return the event's data as the journal keeps it."""
    match event:
        case Opened():
            return {"split": render_split(event.split)}
        case Intended():
            return _render_intended(event)
        case Finished():
            return _render_finished(event)
        case Refused():
            return {
                "order_id": event.order_id,
                "kind": event.kind,
                "reason": event.reason,
                "remedy": event.remedy,
            }
        case Witnessed():
            return {"order_id": event.order_id, "summary": dict(event.summary)}
        case ClustersNamed():
            return {
                "clusters": render_identities(event.clusters),
                "replaced": [cluster.value for cluster in event.replaced],
                "reason": event.reason,
            }
        case ClustersSwapped():
            return {
                "clusters": render_identities(event.clusters),
                "is_blue_kept": event.is_blue_kept,
            }
        case GatewayKept():
            return {
                "gateway": event.gateway,
                "digest": event.digest,
                "document": dict(event.document),
            }
        case _:
            assert_never(event)


def _render_intended(event: Intended) -> dict[str, Json]:
    return {
        "order_id": event.order_id,
        "kind": event.kind,
        "before": render_split(event.before),
        "wanted": render_split(event.wanted),
        "reason": event.reason,
        "notes": list(event.notes),
        "cancels": list(event.cancels),
    }


def _render_finished(event: Finished) -> dict[str, Json]:
    return {
        "order_id": event.order_id,
        "result": event.result.value,
        "split": render_split(event.split),
        "reason": event.reason,
        "remedy": event.remedy,
        "command_ms": event.command_ms,
        "acknowledged_at": render_time(event.acknowledged_at),
        "effective_at": render_time(event.effective_at),
        "instances": event.instances,
    }


def parse_event(record: Record) -> Event:
    """Return the event that `record` holds.

    Raises JournalError for a kind that this version does not know, or data that is not its own.
    """
    parse = _PARSERS.get(record.entry.kind)
    if parse is None:
        raise unknown_kind(record)
    return parse(record.entry.data)


def _parse_opened(data: Mapping[str, Json]) -> Opened:
    return Opened(split=parse_split(data.get("split")))


def _parse_intended(data: Mapping[str, Json]) -> Intended:
    return Intended(
        order_id=_order_id(data),
        kind=read_text(data, "kind"),
        before=parse_split(data.get("before")),
        wanted=parse_split(data.get("wanted")),
        reason=read_text(data, "reason"),
        notes=read_names(data, "notes"),
        cancels=read_names(data, "cancels"),
    )


def _parse_finished(data: Mapping[str, Json]) -> Finished:
    return Finished(
        order_id=_order_id(data),
        result=_parse_result(read_text(data, "result")),
        split=parse_split(data.get("split")),
        reason=read_text(data, "reason"),
        remedy=read_text(data, "remedy"),
        command_ms=read_number(data, "command_ms"),
        acknowledged_at=read_time(data, "acknowledged_at"),
        effective_at=read_time(data, "effective_at"),
        instances=int(read_number(data, "instances") or 0),
    )


def _parse_refused(data: Mapping[str, Json]) -> Refused:
    return Refused(
        order_id=_order_id(data),
        kind=read_text(data, "kind"),
        reason=read_text(data, "reason"),
        remedy=read_text(data, "remedy"),
    )


def _parse_witnessed(data: Mapping[str, Json]) -> Witnessed:
    return Witnessed(order_id=_order_id(data), summary=read_object(data.get("summary"), "summary"))


def _parse_named(data: Mapping[str, Json]) -> ClustersNamed:
    return ClustersNamed(
        clusters=parse_identities(data.get("clusters")),
        replaced=_parse_replaced(data.get("replaced")),
        reason=read_text(data, "reason"),
    )


def _parse_swapped(data: Mapping[str, Json]) -> ClustersSwapped:
    return ClustersSwapped(
        clusters=parse_identities(data.get("clusters")),
        is_blue_kept=data.get("is_blue_kept") is True,
    )


def _parse_kept(data: Mapping[str, Json]) -> GatewayKept:
    return GatewayKept(
        gateway=read_text(data, "gateway"),
        digest=read_text(data, "digest"),
        document=read_object(data.get("document"), "document"),
    )


def _parse_replaced(data: Json) -> tuple[Cluster, ...]:
    names = data if isinstance(data, list) else []
    return tuple(cluster for cluster in Cluster if cluster.value in names)


def _parse_result(text: str) -> Result:
    try:
        return Result(text)
    except ValueError as error:
        raise JournalError(f"{text!r} in the journal is no result of an order") from error


def _order_id(data: Mapping[str, Json]) -> CommandId:
    return CommandId(read_text(data, "order_id"))


_PARSERS: Final[Mapping[str, Callable[[Mapping[str, Json]], Event]]] = {
    "gateway_opened": _parse_opened,
    "weights_intended": _parse_intended,
    "weights_finished": _parse_finished,
    "order_refused": _parse_refused,
    "order_witnessed": _parse_witnessed,
    "clusters_named": _parse_named,
    "clusters_swapped": _parse_swapped,
    "gateway_kept": _parse_kept,
}
