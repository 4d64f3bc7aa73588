"""The OpenAPI v2 page, without a schema in it: kubectl asks for it before it takes a List.

Each object of a List is still validated by the server. kubectl reads protobuf here and nothing
else, so the few bytes of that document are written out.
"""

from typing import Final

from aiohttp import web

PATH: Final = "/openapi/v2"
CONTENT_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_SWAGGER, _INFO = 1, 2
"""Fields of the message Document."""
_TITLE, _VERSION = 1, 2
"""Fields of the message Info."""
_LENGTH_DELIMITED: Final = 2


def page() -> web.Response:
    """Answer with a document that defines no kind."""
    info = _field(_TITLE, b"Kubernetes") + _field(_VERSION, b"unversioned")
    response = web.Response(body=_field(_SWAGGER, b"2.0") + _field(_INFO, info))
    response.headers["Content-Type"] = CONTENT_TYPE
    return response


def _field(number: int, value: bytes) -> bytes:
    """Return a field; all of them here are shorter than 128 bytes."""
    return bytes((number << 3 | _LENGTH_DELIMITED, len(value))) + value
