"""What a client sends and wants back: JSON, YAML or protobuf in; JSON, Table or metadata out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import yaml

from bascule.lab.kubeapi.objects import protobuf
from bascule.lab.kubeapi.objects.statuses import StatusError, bad_request

JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
PATCH_TYPES: Final = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
YAML_TYPES: Final = ("application/yaml", "application/x-yaml", "text/yaml", APPLY_PATCH)

Shape = Literal["object", "table", "metadata", "discovery"]
_SHAPE_BY_AS: Final[Mapping[str, Shape]] = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
    "APIGroupDiscoveryList": "discovery",
}

encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The form of an answer; `discovery_version` is v2 or v2beta1 for aggregated discovery."""

    shape: Shape = "object"
    discovery_version: str = ""


PLAIN: Final = Wanted()


def parse_accept(header: str, is_supported: Callable[[Wanted], bool]) -> Wanted:
    """Return the first form in an Accept header that the server can answer with.

    Raises a StatusError (406) when there is none. Protobuf is never answered, JSON always.
    """
    if not header.strip():
        return PLAIN
    for clause in header.split(","):
        media, _, rest = clause.strip().partition(";")
        parameters = dict(
            part.strip().partition("=")[::2] for part in rest.split(";") if "=" in part
        )
        if media.strip() not in {JSON, "*/*", "application/*"}:
            continue
        if "as" not in parameters:
            return PLAIN
        shape = _SHAPE_BY_AS.get(parameters["as"])
        wanted = Wanted(shape=shape or "object", discovery_version=parameters.get("v", ""))
        if shape is not None and is_supported(wanted):
            return wanted
    raise StatusError(
        "only the following media types are accepted: application/json",
        code=406,
        reason="NotAcceptable",
    )


def media_type(header: str) -> str:
    """Return the media type of a Content-Type header, without its parameters."""
    return header.partition(";")[0].strip().lower()


def decode_body(body: bytes, content_type: str) -> Any:
    """Return the value in a request body; a StatusError (400, 415) says what is wrong with it."""
    media = media_type(content_type)
    if body.startswith(protobuf.MAGIC) or media == protobuf.MEDIA_TYPE:
        return protobuf.decode_object(body)
    if media in YAML_TYPES:
        return _decode_yaml(body)
    if media in {JSON, "", "*/*", *PATCH_TYPES} or media.startswith("text/"):
        return _decode_json(body)
    raise unsupported_media_type(media, (JSON, "application/yaml", protobuf.MEDIA_TYPE))


def decode_object(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the object in a request body."""
    value = decode_body(body, content_type)
    if not isinstance(value, dict):
        raise bad_request(f"couldn't get version/kind; json parse error: {type(value).__name__}")
    return value


def unsupported_media_type(media: str, allowed: tuple[str, ...]) -> StatusError:
    """Return the 415 for a body of this type."""
    return StatusError(
        f"the body of the request was in an unknown format ({media}) - accepted media types "
        f"include: {', '.join(allowed)}",
        code=415,
        reason="UnsupportedMediaType",
    )


def _decode_json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error


def _decode_yaml(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return yaml.load(body, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise bad_request(f"error parsing YAML: {error}") from error


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # C or Python
    """A safe loader that leaves timestamps as text, as JSON has them."""

    yaml_implicit_resolvers: Final = {
        letter: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
