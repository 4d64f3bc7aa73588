"""Lets a verb take one frozen dataclass in place of a long list of parameters.

Each field is annotated as a typer parameter would be; a field whose type is itself a dataclass
stands for all fields of that one, so that verbs share groups of options.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TypeVar, get_type_hints

T = TypeVar("T")


def takes(arguments: type[T]) -> Callable[[Callable[[T], None]], Callable[[], None]]:
    """Make typer fill `arguments` from the command line and hand it to the function."""

    def wrap(function: Callable[[T], None]) -> Callable[[], None]:
        def verb(**values: object) -> None:
            function(_build(arguments, values))

        parameters = list(_parameters(arguments))
        verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect reads it, typeshed does not know it
        verb.__annotations__ = {p.name: p.annotation for p in parameters}
        verb.__doc__ = function.__doc__
        verb.__name__ = function.__name__
        return verb

    return wrap


def _parameters(arguments: type[object]) -> Iterator[inspect.Parameter]:
    for field, hint in _fields(arguments):
        if is_dataclass(hint):
            yield from _parameters(hint)
        else:
            yield inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=hint
            )


def _build(arguments: type[T], values: Mapping[str, object]) -> T:
    own: dict[str, object] = {}
    for field, hint in _fields(arguments):
        is_group = is_dataclass(hint)
        own[field.name] = _build(hint, values) if is_group else values[field.name]
    return arguments(**own)


def _fields(arguments: type[object]) -> Iterator[tuple[Field[object], type[object]]]:
    hints = get_type_hints(arguments, include_extras=True)
    for field in fields(arguments):  # type: ignore[arg-type]  # typeshed wants an instance or a dataclass type
        yield field, hints[field.name]


def _default(field: "Field[object]") -> object:
    return inspect.Parameter.empty if field.default is MISSING else field.default
