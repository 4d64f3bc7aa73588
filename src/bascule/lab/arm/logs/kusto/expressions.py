"""Scalar expressions: read from words, they become functions of a row. Pure.

A comparison with what is not there is not true, as in Kusto.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bascule.lab.arm.logs.kusto.words import KustoError, Word, read_moment

Row = Mapping[str, Any]
Scalar = Callable[[Row], Any]
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _text_test(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, wanted: test(str(value).lower(), str(wanted).lower())


_COMPARING: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=~": _text_test(operator.eq),
    "startswith": _text_test(str.startswith),
    "endswith": _text_test(str.endswith),
    "contains": _text_test(operator.contains),
}
_ADDING: Final = {"+": operator.add, "-": operator.sub}
_MULTIPLYING: Final = {"*": operator.mul, "/": operator.truediv}


class Reader:
    """Reads expressions off the front of a list of words."""

    def __init__(self, words: Sequence[Word], now: datetime) -> None:
        self._words = words
        self._at = 0
        self.now = now
        self.columns: frozenset[str] = frozenset()
        """The names that may be used."""

    # Words.

    def peek(self) -> str:
        """Return the next word if it is a name or a sign, else nothing."""
        if self._at >= len(self._words) or self._words[self._at].kind == "value":
            return ""
        return self._words[self._at].text

    def peek_column(self) -> str:
        """Return the column that comes next by itself or in `bin()`, else nothing."""
        at = self._at + 2 if self.peek() == "bin" else self._at
        found = [word.text for word in self._words[at : at + 2]]
        is_alone = found[:1] and found[0] in self.columns and found[1:] != ["("]
        return found[0] if is_alone else ""

    @property
    def is_done(self) -> bool:
        """Whether there is no further word."""
        return self._at >= len(self._words)

    def take(self) -> Word:
        """Return the next word. Raises KustoError at the end."""
        if self.is_done:
            raise KustoError("the query ends too early")
        self._at += 1
        return self._words[self._at - 1]

    def take_if(self, text: str) -> bool:
        """Pass over a word if it is this one."""
        if self.peek() != text:
            return False
        self._at += 1
        return True

    def need(self, text: str) -> None:
        """Pass over this word. Raises KustoError for another."""
        if not self.take_if(text):
            found = "the end" if self.is_done else repr(self._words[self._at].text)
            raise KustoError(f"{text!r} is expected, and there is {found}")

    def take_name(self) -> str:
        """Return a name. Raises KustoError."""
        word = self.take()
        if word.kind != "name":
            raise KustoError(f"a name is expected, and there is {word.text!r}")
        return word.text

    def take_named(self) -> tuple[str, bool]:
        """Return the name in front of `=`, and whether there is one."""
        following = self._words[self._at + 1 : self._at + 2]
        if following and following[0].text == "=" and self.peek():
            name = self.take_name()
            self.need("=")
            return name, True
        return "", False

    # Expressions, from those that bind least.

    def read(self) -> Scalar:
        """Return an expression. Raises KustoError."""
        found = [self._read_all()]
        while self.take_if("or"):
            found.append(self._read_all())
        return found[0] if len(found) == 1 else lambda row: any(each(row) for each in found)

    def _read_all(self) -> Scalar:
        found = [self._read_comparison()]
        while self.take_if("and"):
            found.append(self._read_comparison())
        if len(found) == 2:
            first, second = found
            return lambda row: first(row) and second(row)
        return found[0] if len(found) == 1 else lambda row: all(each(row) for each in found)

    def _read_comparison(self) -> Scalar:
        left, column = self._read_sum()
        sign = self.peek()
        if sign in {"in", "!in"}:
            self.take()
            return _is_in(left, self._read_arguments(), is_wanted=sign == "in")
        test = _COMPARING.get(sign)
        if test is None:
            return left
        self.take()
        return _compare(left, column, test, self._read_side())

    def _read_side(self) -> Scalar | Any:
        """Return what stands behind a comparison: the value itself where it is one."""
        is_value = not self.is_done and self._words[self._at].kind == "value"
        found, _ = self._read_sum()
        return found({}) if is_value else found

    def _read_sum(self) -> tuple[Scalar, str]:
        """Return an expression, and the column that it is where it is no more."""
        left, column = self._read_product()
        while (sign := self.peek()) in _ADDING:
            self.take()
            left, column = _combine(left, _ADDING[sign], self._read_product()[0]), ""
        return left, column

    def _read_product(self) -> tuple[Scalar, str]:
        left, column = self._read_one()
        while (sign := self.peek()) in _MULTIPLYING:
            self.take()
            left, column = _combine(left, _MULTIPLYING[sign], self._read_one()[0]), ""
        return left, column

    def _read_one(self) -> tuple[Scalar, str]:
        if self.take_if("("):
            found = self.read()
            self.need(")")
            return found, ""
        if self.take_if("-"):
            inner, _ = self._read_one()
            return (lambda row: None if (v := inner(row)) is None else -v), ""
        word = self.take()
        if word.kind == "value":
            value = word.value
            return (lambda _row: value), ""
        if word.kind != "name":
            raise KustoError(f"the lab does not understand {word.text!r} here")
        if self.peek() == "(":
            return self._call(word.text), ""
        return self._column(word.text), word.text

    def _column(self, name: str) -> Scalar:
        if name in {"true", "false"}:
            return lambda _row: name == "true"
        if name not in self.columns:
            raise KustoError(
                f"Failed to resolve scalar expression named '{name}'", code="SemanticError"
            )
        return operator.itemgetter(name)

    def _read_arguments(self) -> list[Scalar]:
        self.need("(")
        found: list[Scalar] = []
        while not self.take_if(")"):
            if found:
                self.need(",")
            found.append(self.read())
        return found

    def _call(self, name: str) -> Scalar:
        function = _FUNCTIONS.get(name)
        if name not in _FUNCTIONS:
            raise KustoError(f"the lab has no function {name}()", code="SemanticError")
        arguments = self._read_arguments()
        if function is not None:
            return lambda row: function(*(each(row) for each in arguments))
        match name:
            case "case":
                return _case(arguments)
            case "ago":
                return lambda row: self.now - arguments[0](row)
            case _:
                return lambda _row: self.now


def _compare(
    left: Scalar, column: str, test: Callable[[Any, Any], bool], right: Scalar | Any
) -> Scalar:
    if callable(right):

        def compare(row: Row) -> bool:
            one, other = left(row), right(row)
            return one is not None and other is not None and test(one, other)

        return compare
    if column:  # most often, and once for each row
        return lambda row: (one := row[column]) is not None and test(one, right)
    return lambda row: (one := left(row)) is not None and test(one, right)


def _combine(left: Scalar, act: Callable[[Any, Any], Any], right: Scalar) -> Scalar:
    def combine(row: Row) -> Any:
        one, other = left(row), right(row)
        return None if one is None or other is None else act(one, other)

    return combine


def _is_in(left: Scalar, among: Sequence[Scalar], *, is_wanted: bool) -> Scalar:
    values = frozenset(each({}) for each in among)
    return lambda row: (left(row) in values) is is_wanted


def _case(arguments: Sequence[Scalar]) -> Scalar:
    if len(arguments) % 2 == 0:
        raise KustoError("case() takes conditions with values, and a value besides")
    pairs = tuple(zip(arguments[:-1:2], arguments[1::2], strict=True))
    otherwise = arguments[-1]

    def choose(row: Row) -> Any:
        for condition, value in pairs:
            if condition(row):
                return value(row)
        return otherwise(row)

    return choose


def _bin(value: Any, step: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value - (value - _START) % step
    return value // step * step


def _extract(pattern: str, group: int, text: Any) -> str:
    found = re.search(pattern, text or "")
    return (found[int(group)] or "") if found else ""


def _number(value: Any, kind: type) -> Any:
    try:
        return None if value is None or value == "" else kind(float(value))
    except ValueError:
        return None


_FUNCTIONS: Final[Mapping[str, Callable[..., Any] | None]] = {
    "ago": None,
    "bin": _bin,
    "case": None,
    "extract": _extract,
    "iff": lambda test, one, other: one if test else other,
    "isempty": lambda value: value is None or value == "",
    "isnotempty": lambda value: value is not None and value != "",
    "isnotnull": lambda value: value is not None,
    "isnull": lambda value: value is None,
    "not": lambda value: not value,
    "now": None,
    "todatetime": lambda text: read_moment(str(text)),
    "todouble": lambda value: _number(value, float),
    "toint": lambda value: _number(value, int),
    "tolower": lambda text: (text or "").lower(),
    "tostring": lambda value: "" if value is None else str(value),
    "toupper": lambda text: (text or "").upper(),
}
"""None: made where it is called, since it takes more than values."""
