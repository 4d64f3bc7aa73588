"""What the models of all files are made of: strict models, paths, addresses."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo
from pydantic.alias_generators import to_camel


def resolve_path(path: Path, folder: Path) -> Path:
    """Return a path that a file in `folder` names. Raises ValueError for what can be none."""
    if "\0" in str(path):
        raise ValueError("holds a NUL character")
    try:
        return folder / path.expanduser()
    except RuntimeError:
        raise ValueError(f"nobody here is called {path.parts[0][1:]!r}") from None


def _resolve(path: Path, info: ValidationInfo[Path | None]) -> Path:
    """Make a path count from the directory of the file that names it."""
    return resolve_path(path, info.context or Path())


def _check_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 or IPv6 address") from None


FilePath = Annotated[Path, AfterValidator(_resolve)]
Address = Annotated[str, AfterValidator(_check_address)]


class Strict(BaseModel):
    """Refuses unknown keys, reads camelCase, and cannot change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )
