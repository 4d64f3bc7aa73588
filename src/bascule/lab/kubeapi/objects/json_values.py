"""JSON values as Python holds them."""

from typing import Any


def copy_json(value: Any) -> Any:
    """Return a deep copy of a JSON value, several times as fast as `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    return [copy_json(item) for item in value] if isinstance(value, list) else value


def json_type(value: Any) -> str:
    """Return what JSON Schema calls the type of a value; 2.0 is an integer too."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {str: "string", float: "number", dict: "object", list: "array"}
    return names.get(type(value), "null")
