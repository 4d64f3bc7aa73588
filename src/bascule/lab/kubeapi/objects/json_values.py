"""JSON values as Python holds them."""

from typing import Any


def copy_json(value: Any) -> Any:
    """Return a deep copy of a JSON value, several times as fast as `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    return [copy_json(item) for item in value] if isinstance(value, list) else value
