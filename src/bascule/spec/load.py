"""Text of `gateway.yaml` to `Gateway`, every error with its file, line, column and field."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bascule.errors import SpecError
from bascule.spec.document import Document, FieldPath, parse_documents
from bascule.spec.gateway import Gateway
from bascule.spec.schema import gateway_schema, known_keys


def parse_gateway(text: str, file: Path | str) -> Gateway:
    """Return the gateway that `text` describes; paths in it count from the directory of `file`.

    Raises SpecError for the first mistake in the file; its remedy names the others.
    """
    name = str(file)
    documents = parse_documents(text, name)
    if len(documents) != 1:
        found = "is empty" if not documents else f"holds {len(documents)} documents"
        raise SpecError(f"the file {found}, not one gateway", file=name, line=1, column=1)
    (document,) = documents
    try:
        return Gateway.model_validate(document.value, context=Path(name).parent)
    except ValidationError as error:
        mistakes = list(_own_errors(error.errors()))
    raise _joined(sorted((_spec_error(item, document, name) for item in mistakes), key=_order))


def _own_errors(errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leave out that a list is too short when that is only because its items are wrong."""
    for details in errors:
        path = details["loc"]
        inner = (other for other in errors if other["loc"][: len(path)] == path)
        if details["type"] != "too_short" or len(list(inner)) == 1:
            yield details


def _spec_error(details: ErrorDetails, document: Document, file: str) -> SpecError:
    path = tuple(details["loc"])
    place = document.place(path)
    message, remedy = _explain(details, path)
    return SpecError(
        message,
        file=file,
        line=place.line,
        column=place.column,
        field=render_path(path),
        remedy=remedy,
    )


def _explain(details: ErrorDetails, path: FieldPath) -> tuple[str, str]:
    match details["type"]:
        case "extra_forbidden":
            return f"unknown key {path[-1]!r}", _suggest(str(path[-1]), path[:-1])
        case "missing":
            return "is required", "add it"
        case "value_error":
            return details["msg"].removeprefix("Value error, "), ""
        case "model_type":
            return "should be a map of keys and values", ""
        case _:
            message = details["msg"]
            return message[:1].lower() + message[1:], ""


def _suggest(key: str, parent: FieldPath) -> str:
    known = known_keys(gateway_schema(), parent)
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"


def _order(error: SpecError) -> tuple[int, int, str]:
    return (error.line or 0, error.column or 0, error.field)


def _joined(errors: list[SpecError]) -> SpecError:
    first, *rest = errors
    also = [f"also {error}" + (f" ({error.remedy})" if error.remedy else "") for error in rest]
    first.remedy = "\n".join([*([first.remedy] if first.remedy else []), *also])
    return first


def render_path(path: FieldPath) -> str:
    """Return a field path as people write it: `listeners[0].port`."""
    return "".join(_segments(path)).removeprefix(".")


def _segments(path: FieldPath) -> Iterator[str]:
    for part in path:
        yield f"[{part}]" if isinstance(part, int) else f".{part}"
