"""Queries: a table, and steps that each make rows of rows. Pure.

Steps: where, extend, project, summarize, count, take, order by.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from bascule.lab.arm.logs.kusto.expressions import Reader, Row, Scalar
from bascule.lab.arm.logs.kusto.words import KustoError, split_words

QUERY_MAX: Final = 1_000_000
"""So many characters a query may have; Azure's own limit is twice as large."""
Rows = Iterable[Row]
Step = Callable[[Rows], Rows]
_AGGREGATES: Final = ("avg", "count", "countif", "dcount", "max", "min", "sum")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of which table; `run` gives rows that have `columns`."""

    table: str
    columns: tuple[str, ...]
    steps: tuple[Step, ...]

    def run(self, rows: Rows) -> list[list[Any]]:
        """Return the rows of the answer, each in the order of its columns."""
        for step in self.steps:
            rows = step(rows)
        return [[row[name] for name in self.columns] for row in rows]


def parse_query(text: str, tables: Mapping[str, Iterable[str]], now: datetime) -> Query:
    """Return what a query asks. Raises KustoError for what is wrong, or not in the lab."""
    if len(text) > QUERY_MAX:
        raise KustoError(f"the query is longer than {QUERY_MAX} characters")
    reader = Reader(split_words(text), now)
    table = reader.take_name()
    if table not in tables:
        raise KustoError(
            f"Failed to resolve table or column expression named '{table}'", code="SemanticError"
        )
    columns = tuple(tables[table])
    steps: list[Step] = []
    while not reader.is_done:
        reader.need("|")
        reader.columns = frozenset(columns)
        step, columns = _read_step(reader, columns)
        steps.append(step)
    return Query(table, columns, tuple(steps))


def _read_step(reader: Reader, columns: tuple[str, ...]) -> tuple[Step, tuple[str, ...]]:
    name = reader.take_name()
    match name:
        case "where" | "filter":
            return _where(reader.read()), columns
        case "extend":
            return _extend(reader, columns)
        case "project":
            return _project(_read_columns(reader))
        case "summarize":
            return _summarize(reader)
        case "count":
            return (lambda rows: iter([{"Count": sum(1 for _ in rows)}])), ("Count",)
        case "take" | "limit":
            most = reader.take().value
            return (lambda rows: islice(rows, most)), columns
        case "order" | "sort":
            return _order(reader), columns
        case _:
            raise KustoError(f"the lab has no operator {name}")


def _where(condition: Scalar) -> Step:
    return lambda rows: (row for row in rows if condition(row))


def _read_columns(reader: Reader) -> dict[str, Scalar]:
    """Return expressions by their names; a column stands for itself."""
    found: dict[str, Scalar] = {}
    while True:
        name, is_named = reader.take_named()
        if not is_named:
            name = reader.peek_column()
        value = reader.read()
        if not name:
            raise KustoError("the lab wants a name for each expression: NAME = EXPRESSION")
        found[name] = value
        if not reader.take_if(","):
            return found


def _project(values: Mapping[str, Scalar]) -> tuple[Step, tuple[str, ...]]:
    pairs = tuple(values.items())

    def run(rows: Rows) -> Iterator[Row]:
        return ({name: value(row) for name, value in pairs} for row in rows)

    return run, tuple(values)


def _extend(reader: Reader, columns: tuple[str, ...]) -> tuple[Step, tuple[str, ...]]:
    pairs = tuple(_read_columns(reader).items())

    def run(rows: Rows) -> Iterator[Row]:
        for row in rows:
            more = {name: row[name] for name in columns}
            yield more | {name: value(row) for name, value in pairs}

    return run, tuple(dict.fromkeys((*columns, *(name for name, _ in pairs))))


def _order(reader: Reader) -> Step:
    reader.need("by")
    keys: list[tuple[Scalar, bool]] = []
    while True:
        key = reader.read()
        keys.append((key, not reader.take_if("asc")))
        reader.take_if("desc")
        if not reader.take_if(","):
            break

    def run(rows: Rows) -> list[Row]:
        ordered = list(rows)
        for key, is_falling in reversed(keys):
            ordered.sort(key=_nulls_first(key), reverse=is_falling)
        return ordered

    return run


def _nulls_first(key: Scalar) -> Callable[[Row], tuple[bool, Any]]:
    return lambda row: (False, 0) if (value := key(row)) is None else (True, value)


def _summarize(reader: Reader) -> tuple[Step, tuple[str, ...]]:
    sums: dict[str, Callable[[list[Row]], Any]] = {}
    while True:
        name, _ = reader.take_named()
        kind = reader.take_name()
        if kind not in _AGGREGATES:
            raise KustoError(f"the lab has no aggregate {kind}()", code="SemanticError")
        reader.need("(")
        value = None if reader.peek() == ")" else reader.read()
        reader.need(")")
        sums[name or f"{kind}_"] = _aggregate(kind, value)
        if not reader.take_if(","):
            break
    groups = _read_columns(reader) if reader.take_if("by") else {}
    keys, sums_of = tuple(groups.values()), tuple(sums.items())

    def run(rows: Rows) -> Iterator[Row]:
        by_key: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): []}
        for row in rows:
            by_key.setdefault(tuple(key(row) for key in keys), []).append(row)
        for key, found in by_key.items():
            summed = {name: aggregate(found) for name, aggregate in sums_of}
            yield dict(zip(groups, key, strict=True)) | summed

    return run, (*groups, *sums)


def _aggregate(kind: str, value: Scalar | None) -> Callable[[list[Row]], Any]:
    if kind == "count":
        return len
    if value is None:
        raise KustoError(f"{kind}() wants an expression")
    if kind == "countif":
        return lambda rows: sum(1 for row in rows if value(row))

    def gather(rows: list[Row]) -> list[Any]:
        return [found for row in rows if (found := value(row)) is not None]

    match kind:
        case "sum":
            return lambda rows: sum(gather(rows))
        case "dcount":
            return lambda rows: len(set(gather(rows)))
        case "avg":
            return lambda rows: sum(found) / len(found) if (found := gather(rows)) else None
        case "min":
            return lambda rows: min(gather(rows), default=None)
        case _:
            return lambda rows: max(gather(rows), default=None)
