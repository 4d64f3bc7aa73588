"""A place in the evidence's JSON, so that what the page shows names where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bascule.journal.record import Json
from bascule.report.page.markup import Markup, el, join
from bascule.report.wording import say_duration, say_moment, say_number, say_time

UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Node:
    """The value at `path`; what is not there is null."""

    data: Json
    path: str = ""

    def at(self, *names: str | int) -> "Node":
        """Return the place below, by names of fields and places in lists."""
        node = self
        for name in names:
            data: Json = None
            if isinstance(node.data, dict):
                data = node.data.get(str(name))
            elif isinstance(node.data, list) and isinstance(name, int) and name < len(node.data):
                data = node.data[name]
            node = Node(data, f"{node.path}.{name}" if node.path else str(name))
        return node

    def __iter__(self) -> Iterator["Node"]:
        """Return what stands in a list, or the fields of an object, in order."""
        if isinstance(self.data, list):
            yield from (self.at(place) for place in range(len(self.data)))
        elif isinstance(self.data, dict):
            yield from (self.at(name) for name in self.data)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def text(self) -> str:
        """The value as text; empty for null."""
        return "" if self.data is None else str(self.data)

    @property
    def number(self) -> float | None:
        """The value if it is a number, else None."""
        is_number = isinstance(self.data, int | float) and not isinstance(self.data, bool)
        return float(str(self.data)) if is_number else None

    @property
    def is_true(self) -> bool:
        """Whether the value is true."""
        return self.data is True

    @property
    def time(self) -> datetime | None:
        """The value as a time, or None."""
        try:
            return datetime.fromisoformat(self.text)
        except ValueError:
            return None

    def figure(self, unit: str = "", *, scale: float = 1.0, decimals: int | None = None) -> Markup:
        """Return the number as a person reads it, with its exact value and place beside it."""
        if self.number is None:
            return el("span", UNKNOWN, class_="unknown", data_evidence=self.path)
        shown = el(
            "data",
            say_number(self.number * scale, decimals),
            value=str(self.data),
            data_evidence=self.path,
            data_scale=None if scale == 1.0 else scale,
        )
        return (
            join(shown, el("span", f"\N{NO-BREAK SPACE}{unit}", class_="unit")) if unit else shown
        )

    def duration(self) -> Markup:
        """Return seconds as a duration, with the exact value and place beside it."""
        if self.number is None:
            return el("span", UNKNOWN, class_="unknown", data_evidence=self.path)
        return el(
            "data",
            say_duration(self.number).replace(" ", "\N{NO-BREAK SPACE}"),
            value=str(self.data),
            data_evidence=self.path,
            data_as="duration",
        )

    def moment(self) -> Markup:
        """Return the time as it stands in tables, without year and zone."""
        at = self.time
        if at is None:
            return el("span", UNKNOWN, class_="unknown")
        return el("time", say_moment(at), datetime=self.text, data_evidence=self.path)

    def clock(self) -> Markup:
        """Return the time, to the second and in UTC."""
        at = self.time
        if at is None:
            return el("span", UNKNOWN, class_="unknown")
        return el("time", say_time(at), datetime=self.text, data_evidence=self.path)
