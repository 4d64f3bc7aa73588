"""A mistake between fields, with its own place, told through pydantic beside the others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from bascule.spec.document import FieldPath

RULE = "rule"
"""The type that such a mistake has among pydantic's errors."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at `path`, which counts from the model that is checked."""

    path: FieldPath
    message: str
    remedy: str = ""


def tell(mistakes: Iterable[Mistake]) -> None:
    """Raise a ValidationError that holds all of them; return when there are none."""
    errors = [
        InitErrorDetails(
            type=PydanticCustomError(
                RULE, "{message}", {"message": mistake.message, "remedy": mistake.remedy}
            ),
            loc=mistake.path,
            input=None,
        )
        for mistake in mistakes
    ]
    if errors:
        raise ValidationError.from_exception_data("spec", errors)


def check_names(names: Sequence[str], what: str) -> Iterator[Mistake]:
    """No two have the same name."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Mistake((index, "name"), f"two {what} have the name {name!r}")
