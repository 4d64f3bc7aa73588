"""What the tables of `kubectl get` are made of: columns, and the cells that many kinds share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from bascule.lab.kubeapi.objects.durations import render_age
from bascule.lab.kubeapi.objects.json_path import find_by_path

Object: TypeAlias = Mapping[str, Any]
Cell: TypeAlias = Callable[[dict[str, Any], datetime], Any]
NONE: Final = "<none>"
UNSET: Final = "<unset>"
_LISTED_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: priority 0 is always shown, 1 with `-o wide`."""

    name: str
    cell: Cell
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


def name_cell(obj: Object, _now: datetime) -> Any:
    """Return the name of an object."""
    return obj.get("metadata", {}).get("name", "")


def age_cell(obj: Object, now: datetime) -> Any:
    """Return how long ago an object was made."""
    return render_age(obj.get("metadata", {}).get("creationTimestamp"), now)


def created_cell(obj: Object, _now: datetime) -> Any:
    """Return when an object was made, as written."""
    return obj.get("metadata", {}).get("creationTimestamp", "")


def value_at(path: str, default: Any = "") -> Cell:
    """Return a cell of the first value at a JSON path."""

    def cell(obj: Object, _now: datetime) -> Any:
        found = [value for value in find_by_path(obj, path) if value is not None]
        return found[0] if found else default

    return cell


def of(function: Callable[[Object], Any]) -> Cell:
    """Return a cell that does not depend on the time."""
    return lambda obj, _now: function(obj)


def column(name: str, cell: Cell | str, *, kind: str = "string", priority: int = 0) -> Column:
    """Return a column of a cell, or of the value at a JSON path."""
    made = value_at(cell) if isinstance(cell, str) else cell
    return Column(name=name, cell=made, type=kind, priority=priority)


def count(name: str, path: str) -> Column:
    """Return a column of a number that is 0 when it is not there."""
    return Column(name=name, cell=value_at(path, 0), type="integer")


def wide(name: str, cell: Cell | str) -> Column:
    """Return a column that only `-o wide` shows."""
    return column(name, cell, priority=1)


def at(path: str, render: Callable[[Any], str]) -> Cell:
    """Return a cell that renders the value at a JSON path, or None when there is none."""
    return lambda obj, _now: render(next(iter(find_by_path(obj, path)), None))


def boolean(path: str, default: str = "False") -> Cell:
    """Return a cell that says True or False."""

    def render(value: Any) -> str:
        return default if value is None else str(bool(value))

    return at(path, render)


def length(*fields: str) -> Cell:
    """Return a cell that counts the entries of some fields."""
    return of(lambda obj: sum(len(obj.get(field) or ()) for field in fields))


def containers(path: str) -> tuple[Column, Column]:
    """Return the columns of the names and the images of containers."""

    def joined(field: str) -> Cell:
        return of(lambda obj: ",".join(map(str, find_by_path(obj, f"{path}[*].{field}"))))

    return wide("Containers", joined("name")), wide("Images", joined("image"))


def render_labels(labels: Any) -> str:
    """Return labels as `a=b,c=d`."""
    if not isinstance(labels, dict) or not labels:
        return NONE
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def render_selector(selector: Any) -> str:
    """Return a LabelSelector as kubectl writes it."""
    if not isinstance(selector, dict):
        return NONE
    parts = [f"{k}={v}" for k, v in (selector.get("matchLabels") or {}).items()]
    for rule in selector.get("matchExpressions") or ():
        key, operator, values = rule.get("key"), rule.get("operator"), rule.get("values") or ()
        listed = ",".join(sorted(values))
        match operator:
            case "In":
                parts.append(f"{key} in ({listed})")
            case "NotIn":
                parts.append(f"{key} notin ({listed})")
            case "DoesNotExist":
                parts.append(f"!{key}")
            case _:
                parts.append(str(key))
    return ",".join(sorted(parts)) or NONE


def render_some(items: list[str], total: int) -> str:
    """Return the first three of `total` items, and how many more there are."""
    text = ",".join(items[:_LISTED_MAX])
    return f"{text} + {total - _LISTED_MAX} more..." if total > _LISTED_MAX else text


def has_condition(obj: Object, kind: str) -> bool:
    """Tell whether a condition of the status is true."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == kind and c.get("status") == "True" for c in conditions)


def balancer_addresses(obj: Object) -> str:
    """Return the addresses of a load balancer."""
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({e.get("ip") or e.get("hostname") for e in ingress} - {None, ""}))


NAME: Final = Column(name="Name", cell=name_cell, format="name")
AGE: Final = Column(name="Age", cell=age_cell)
TEMPLATE: Final = containers(".spec.template.spec.containers")
SELECTOR: Final = wide("Selector", at(".spec.selector", render_selector))
DEFAULT_COLUMNS: Final = (NAME, Column(name="Created At", cell=created_cell, type="date"))
