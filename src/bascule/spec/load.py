"""Text of `gateway.yaml`, `upgrade.yaml` and `platform.yaml` to typed values.

Every error has its file, line, column and field, and what was probably meant.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bascule.errors import SpecError
from bascule.ids import Cluster
from bascule.spec.document import Document, FieldPath, parse_documents
from bascule.spec.gateway import Gateway
from bascule.spec.mistakes import RULE
from bascule.spec.schema import (
    gateway_schema,
    known_keys,
    plain_path,
    platform_schema,
    prices_schema,
    upgrade_schema,
)
from bascule.spec.strict import resolve_path
from bascule.spec.upgrade import Upgrade

if TYPE_CHECKING:
    from bascule.spec.azure.prices import Prices
    from bascule.spec.platform import Platform

ReadFile: TypeAlias = Callable[[Path], str]
"""Returns the text of a file that the user named; raises SpecError if it cannot be read."""

_ModelT = TypeVar("_ModelT", bound=BaseModel)
_Schema: TypeAlias = Mapping[str, object]

_PLAIN_WORDS: Mapping[str, str] = {
    "tuple_type": "should be a list, such as [a, b]",
    "list_type": "should be a list, such as [a, b]",
    "dict_type": "should be a map of keys and values",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "string_type": "should be text; put it in quotes",
}
"""What pydantic says in the words of Python, in those of YAML."""


def parse_gateway(text: str, file: Path | str) -> Gateway:
    """Return the gateway that `text` describes; paths in it count from the directory of `file`.

    Raises SpecError for the first mistake in the file; its remedy names the others.
    """
    document = _only_document(text, str(file), "gateway")
    return _validate(Gateway, document, str(file), gateway_schema())


def parse_upgrade(text: str, file: Path | str, read: ReadFile) -> Upgrade:
    """Return the upgrade that `text` describes; paths in it count from the directory of `file`.

    `read` is asked for the gateway's file where the upgrade names one: what it says of the gateway
    and the clusters is then part of the upgrade. Raises SpecError for the first mistake in the
    file; its remedy names the others.
    """
    name = str(file)
    document = _only_document(text, name, "upgrade")
    _refuse_gateway(document, name)
    path = _gateway_path(document, name)
    if path is None:
        return _validate(Upgrade, document, name, upgrade_schema())
    gateway = parse_gateway(read(path), path)
    value = _with_gateway(document.value, gateway)
    upgrade = _validate(Upgrade, replace(document, value=value), name, upgrade_schema())
    _refuse_contradictions(upgrade, gateway, document, name)
    return upgrade


def parse_platform(text: str, file: Path | str) -> "Platform":
    """Return the platform that `text` describes; paths in it count from the directory of `file`.

    Raises SpecError for the first mistake in the file; its remedy names the others.
    """
    from bascule.spec.platform import Platform

    document = _only_document(text, str(file), "platform")
    return _validate(Platform, document, str(file), platform_schema())


def parse_prices(text: str, file: Path | str) -> "Prices":
    """Return the prices that `text` lists. Raises SpecError as the others do."""
    from bascule.spec.azure.prices import Prices

    document = _only_document(text, str(file), "list of prices")
    return _validate(Prices, document, str(file), prices_schema())


def parse_any_gateway(text: str, file: Path | str, read: ReadFile) -> Gateway:
    """Return the gateway of a gateway.yaml, or that which an upgrade.yaml describes or names.

    Raises SpecError as the other two do.
    """
    documents = parse_documents(text, str(file))
    value = documents[0].value if documents else None
    fields = value if isinstance(value, dict) else {}
    names_gateway = isinstance(fields.get("gateway"), str)
    if "platform" in fields or ("clusters" not in fields and names_gateway):
        return parse_upgrade(text, file, read).gateway_model()
    return parse_gateway(text, file)


def _only_document(text: str, file: str, what: str) -> Document:
    documents = parse_documents(text, file)
    if len(documents) != 1:
        found = "is empty" if not documents else f"holds {len(documents)} documents"
        raise SpecError(f"the file {found}, not one {what}", file=file, line=1, column=1)
    return documents[0]


def _validate(model: type[_ModelT], document: Document, file: str, schema: _Schema) -> _ModelT:
    try:
        return model.model_validate(
            document.value, context=Path(file).parent, by_alias=True, by_name=False
        )
    except ValidationError as error:
        mistakes = list(_own_errors(error.errors()))
    found = (_spec_error(item, document, file, schema) for item in mistakes)
    raise _joined(sorted(found, key=_order))


def _refuse_gateway(document: Document, file: str) -> None:
    """Raise SpecError for a gateway's file: each of its keys would be a mistake of its own."""
    fields = document.value if isinstance(document.value, dict) else {}
    names_gateway = isinstance(fields.get("gateway"), str)
    if "clusters" not in fields or "platform" in fields or names_gateway:
        return
    raise SpecError(
        "this is a gateway's file, not an upgrade's",
        file=file,
        line=1,
        column=1,
        remedy="name the upgrade's file, which says `gateway:` and `steps:`; `bascule init` "
        "writes one",
    )


def _gateway_path(document: Document, file: str) -> Path | None:
    """Return the path of the gateway's file, if the upgrade names one."""
    value = document.value.get("gateway") if isinstance(document.value, dict) else None
    if not isinstance(value, str) or not value:
        return None
    try:
        return resolve_path(Path(value), Path(file).parent)
    except ValueError as error:
        raise _error_at(("gateway",), str(error), "", document=document, file=file) from None


def _with_gateway(value: object, gateway: Gateway) -> object:
    """Put into an upgrade what the gateway's file says."""
    upgrade = value if isinstance(value, dict) else {}
    platform = upgrade.get("platform", {"type": "existing"})
    if isinstance(platform, dict):
        platform = {"blue": gateway.clusters.blue, "green": gateway.clusters.green, **platform}
    return {**upgrade, "gateway": gateway.settings(), "platform": platform}


def _refuse_contradictions(
    upgrade: Upgrade, gateway: Gateway, document: Document, file: str
) -> None:
    """Raise SpecError where the upgrade and the gateway's file do not say the same."""
    named = f"the gateway's file says active: {gateway.active}"
    if gateway.active is not Cluster.BLUE:
        raise _error_at(
            ("gateway",),
            f"{named}, and an upgrade goes from blue to green",
            "call the cluster that has the traffic blue there",
            document=document,
            file=file,
        )
    for cluster in Cluster:
        if not gateway.clusters.of(cluster).is_same(upgrade.platform.of(cluster)):
            raise _error_at(
                ("platform", cluster.value),
                f"the gateway's file names another cluster {cluster}",
                "leave it out here",
                document=document,
                file=file,
            )


def _own_errors(errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leave out that a list is too short when that is only because its items are wrong."""
    for details in errors:
        path = details["loc"]
        inner = (other for other in errors if other["loc"][: len(path)] == path)
        if details["type"] != "too_short" or len(list(inner)) == 1:
            yield details


def _spec_error(details: ErrorDetails, document: Document, file: str, schema: _Schema) -> SpecError:
    path = plain_path(schema, details["loc"])
    if details["type"].startswith("union_tag_"):
        path = (*path, "type")
    message, remedy = _explain(details, schema)
    return _error_at(path, message, remedy, document=document, file=file)


def _error_at(
    path: FieldPath, message: str, remedy: str, *, document: Document, file: str
) -> SpecError:
    place = document.place(path)
    return SpecError(
        message,
        file=file,
        line=place.line,
        column=place.column,
        field=render_path(path),
        remedy=remedy,
    )


def _explain(details: ErrorDetails, schema: _Schema) -> tuple[str, str]:
    path, context = details["loc"], details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            known = known_keys(schema, path[:-1])
            return f"unknown key {path[-1]!r}", _suggest(str(path[-1]), known, "known keys")
        case "missing" | "union_tag_not_found":
            return "is required", "add it"
        case "union_tag_invalid":
            known = tuple(str(context["expected_tags"]).replace("'", "").split(", "))
            tag = str(context["tag"])
            return f"unknown type {tag!r}", _suggest(tag, known, "one of")
        case "too_short":
            return f"needs at least {context['min_length']} item", ""
        case "value_error":
            return details["msg"].removeprefix("Value error, "), ""
        case "model_type" | "model_attributes_type":
            return "should be a map of keys and values", ""
        case "literal_error" | "enum":
            known = tuple(
                str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
            )
            return _sentence(details), _suggest(str(details["input"]), known, "one of")
        case kind if kind in _PLAIN_WORDS:
            return _PLAIN_WORDS[kind], ""
        case kind if kind == RULE:
            return str(context["message"]), str(context["remedy"])
        case _:
            return _sentence(details), ""


def _sentence(details: ErrorDetails) -> str:
    message = details["msg"]
    return message[:1].lower() + message[1:]


def _suggest(key: str, known: Sequence[str], what: str) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"{what}: {', '.join(known)}"


def _order(error: SpecError) -> tuple[int, int, str]:
    return (error.line or 0, error.column or 0, error.field)


def _joined(errors: list[SpecError]) -> SpecError:
    first, *rest = errors
    also = [f"also {error}" + (f" ({error.remedy})" if error.remedy else "") for error in rest]
    first.remedy = "\n".join([*([first.remedy] if first.remedy else []), *also])
    return first


def render_path(path: FieldPath) -> str:
    """Return a field path as people write it: `listeners[0].port`, `hosts['a.example.com']`."""
    return "".join(_segments(path)).removeprefix(".")


def _segments(path: FieldPath) -> Iterator[str]:
    for part in path:
        if isinstance(part, int):
            yield f"[{part}]"
        else:
            yield f".{part}" if part.replace("-", "").isalnum() else f"[{part!r}]"
