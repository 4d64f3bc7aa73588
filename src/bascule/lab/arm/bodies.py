"""Bodies of requests: JSON, and what `az deployment group create` sends in its place.

That verb pastes the template's file, comments and all, behind an unquoted key.
"""

import json
import re
from typing import Any, Final

from bascule.lab.arm.requests import ArmRefusal

_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_COMMENT: Final = re.compile(rf"({_STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
_KEY_OR_COMMA: Final = re.compile(
    rf"({_STRING})|([A-Za-z_$][\w$]*)(?=\s*:)|,(?=\s*[}}\]])", re.DOTALL
)


def parse_body(content: bytes) -> Any:
    """Return what a body says, None if it is empty. Raises ArmRefusal 400."""
    if not content.strip():
        return None
    try:
        text = content.decode("utf-8-sig")
        return _parse(text)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ArmRefusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{error}'.",
        ) from error


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return json.loads(_strict(text), strict=False)


def _strict(text: str) -> str:
    """Return JSON: without comments and last commas, with quotes around every key."""
    bare = _COMMENT.sub(lambda found: found[1] or " ", text)
    return _KEY_OR_COMMA.sub(lambda found: found[1] or (f'"{found[2]}"' if found[2] else ""), bare)
