"""The fact file: what was found, when and with what; without a name or an address of anybody's."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from scripts.azure_real.judging import Fact

FORMAT = 1
KNOWN_CLOUDS = ("AzureCloud", "AzureChinaCloud", "AzureUSGovernment")
OTHER_CLOUD = "other"
"""A cloud known by its address alone, such as a lab: its file proves nothing about Azure."""
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_URL = re.compile(r"https?://(?!example\.com/)[^\s\"']+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_LONG_ADDRESS = re.compile(
    r"(?<![\w:])(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}"
    r"|(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6})(?![\w:])"
)
"""IPv6: eight groups, or fewer with `::` between; no time of day is like it."""
_PUBLIC_ADDRESS = re.compile(r"\b(?!10\.)(?:\d{1,3}\.){3}\d{1,3}\b")


def build_document(
    facts: Mapping[str, Fact],
    texts: Mapping[str, str],
    *,
    made_on: date,
    cloud: str,
    location: str,
    is_whole: bool,
    left: tuple[str, ...],
) -> dict[str, Any]:
    """Return the file's content; `left` are the groups that could not be removed."""
    return {
        "format": FORMAT,
        "made_on": made_on.isoformat(),
        "cloud": cloud if cloud in KNOWN_CLOUDS else OTHER_CLOUD,
        "location": location,
        "is_whole": is_whole,
        "is_all_removed": not left,
        "facts": {key: {"question": texts[key], **fact} for key, fact in facts.items()},
    }


def redact(value: Any, names: tuple[str, ...]) -> Any:
    """Return a value whose texts name nobody: no id, no address, none of `names`."""
    match value:
        case str():
            return _redact_text(value, names)
        case Mapping():
            return {_redact_text(str(key), names): redact(value[key], names) for key in value}
        case list() | tuple():
            return [redact(each, names) for each in value]
        case _:
            return value


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write the file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def _redact_text(text: str, names: tuple[str, ...]) -> str:
    text = _MAIL.sub("MAIL", _URL.sub("URL", _GUID.sub("GUID", text)))
    for name in names:
        text = re.sub(re.escape(name), "NAME", text, flags=re.IGNORECASE)
    return _LONG_ADDRESS.sub("ADDRESS", _PUBLIC_ADDRESS.sub("ADDRESS", text))
