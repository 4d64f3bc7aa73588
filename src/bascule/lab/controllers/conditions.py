"""Lists of conditions, and of the times in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bascule.lab.kubeapi.store import timestamp

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is to be said of an object."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


def find_condition(obj: Object, condition_type: str) -> Object | None:
    """Return the condition of this type in the object's status."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((item for item in conditions if item.get("type") == condition_type), None)


def is_true(obj: Object, condition_type: str) -> bool:
    """Say whether the object's condition of this type is True."""
    condition = find_condition(obj, condition_type)
    return condition is not None and condition.get("status") == "True"


def with_condition(
    conditions: Iterable[Object] | None,
    wanted: Condition,
    now: datetime,
    *,
    updated: bool = False,
) -> list[Object]:
    """Return the list with this condition in it; its transition time moves with its status only.

    With `updated` the condition carries lastUpdateTime too (Deployments do).
    """
    kept = list(conditions or ())
    old = next((item for item in kept if item.get("type") == wanted.type), None)
    new: Object = {"type": wanted.type, "status": wanted.status}
    if wanted.reason:
        new["reason"] = wanted.reason
    if wanted.message:
        new["message"] = wanted.message
    if old is not None and all(old.get(key) == new.get(key) for key in ("status", *_TEXTS)):
        return kept
    stamp = timestamp(now)
    is_same_status = old is not None and old.get("status") == wanted.status
    new["lastTransitionTime"] = old["lastTransitionTime"] if old and is_same_status else stamp
    if updated:
        new["lastUpdateTime"] = stamp
    if old is None:
        return [*kept, new]
    return [new if item is old else item for item in kept]


_TEXTS = ("reason", "message")


def parse_time(text: str | None) -> datetime | None:
    """Read a Kubernetes time; None for none and for what is not a time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def seconds_since(text: str | None, now: datetime) -> float:
    """Return the seconds from a Kubernetes time until now; 0 for none."""
    moment = parse_time(text)
    return 0.0 if moment is None else (now - moment).total_seconds()
