"""Turns a gateway's document to one cluster: where rules lead and what pools hold, nothing else."""

from collections.abc import Mapping

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.gateway.appgw.adoption import with_tags
from bascule.gateway.appgw.part import POOLS, RULES, Part
from bascule.gateway.appgw.references import ChildKey, keys_of, references_of
from bascule.gateway.ownership import Owns


def turn(
    document: Document, part: Part, owns: Owns, *, tags: Mapping[str, str]
) -> dict[str, object]:
    """Return `document` with those rules and pools of ours as `part` has them.

    No child comes or goes; a rule that would lead to a child that is not there stays as it is. So
    Azure has accepted all that the document holds already, and it needs no certificate's key.
    """
    there = keys_of(document)
    gateway_id = text_at(document, "id")
    properties = dict(object_at(document, "properties"))
    for collection in (POOLS, RULES):
        wanted = {name.lower(): each for name, each in part.children.get(collection, {}).items()}
        children = list_at(properties, collection)
        if children:
            properties[collection] = [
                _turn_child(gateway_id, collection, each, wanted, there=there)
                if owns.is_ours(collection, text_at(each, "name"))
                else each
                for each in children
            ]
    return with_tags({**document, "properties": properties}, tags)


def _turn_child(
    gateway_id: str,
    collection: str,
    child: Document,
    wanted: Mapping[str, Document],
    *,
    there: frozenset[ChildKey],
) -> Document:
    other = wanted.get(text_at(child, "name").lower())
    if other is None or not there.issuperset(references_of(gateway_id, collection, other)):
        return child
    return {**child, "properties": object_at(other, "properties")}
