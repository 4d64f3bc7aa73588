"""What is sent of our own children: nothing that Azure itself writes there, so half as much.

All that is not ours is sent as it was read.
"""

from collections.abc import Mapping
from typing import cast

from bascule.azure.document import Document, object_at, text_at
from bascule.gateway.appgw.canonical import PATH_RULES, READ_ONLY, back_references, is_collection
from bascule.gateway.ownership import Owns


def slim(document: Document, owns: Owns) -> dict[str, object]:
    """Return the same for Azure, without ids, etags, states and back references of ours."""
    properties = {
        collection: [
            _slim(collection, each) if owns.is_ours(collection, text_at(each, "name")) else each
            for each in cast("list[Document]", found)
        ]
        if is_collection(found)
        else found
        for collection, found in object_at(document, "properties").items()
    }
    return {**document, "properties": properties}


def _slim(collection: str, child: Document) -> Document:
    noise = READ_ONLY | back_references(collection)
    properties = _without(object_at(child, "properties"), noise)
    rules = properties.get(PATH_RULES)
    if is_collection(rules):
        properties[PATH_RULES] = [_slim(PATH_RULES, each) for each in cast("list[Document]", rules)]
    return {**_without(child, READ_ONLY), "properties": properties}


def _without(document: Document, names: frozenset[str]) -> dict[str, object]:
    found: Mapping[str, object] = document
    return {key: value for key, value in found.items() if key not in names}
