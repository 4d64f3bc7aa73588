"""Who uses what: ids of resources in documents, and the resources that stand behind them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from bascule.azure.document import Document, text_at
from bascule.checks.azure.ids import in_group, is_below, same_id

BACK_REFERENCES = frozenset(
    {
        "applicationgatewayipconfigurations",
        "backendipconfigurations",
        "ipconfiguration",
        "ipconfigurationprofiles",
        "ipconfigurations",
        "managedby",
        "managedbyextended",
        "privateendpoints",
        "serviceassociationlinks",
    }
)
"""Fields of a resource that name who uses it, in lower case; all others name what it uses."""
PEERINGS = "remotevirtualnetwork"
"""Names another network, and each of the two uses the other."""
_RESOURCE_PARTS = 9
"""How many parts the id of a resource has that is nobody's child, the empty first one counted."""


def find_users(
    resource: Document, others: Iterable[Document], *, group: str, cluster_id: str
) -> tuple[str, ...]:
    """Return ids of what uses a resource from outside its group, the cluster itself left out.

    `others` are documents from anywhere; those of the group itself are passed over.
    """
    own_id = text_at(resource, "id")
    found = {_owner(each) for each in _back_references(resource)}
    for other in others:
        other_id = text_at(other, "id")
        if any(is_below(each, own_id) for each in _ids(other)):
            found.add(other_id)
    outside = (each for each in found if each and not in_group(each, group))
    return tuple(sorted(each for each in outside if not same_id(each, cluster_id)))


def _back_references(document: Document) -> Iterator[str]:
    for key, value in _fields(document):
        if key.lower() in BACK_REFERENCES or key.lower() == PEERINGS:
            yield from _texts(value)


def _ids(document: Document) -> Iterator[str]:
    """Yield the ids of all that a document uses, but for its own parts."""
    own_id = text_at(document, "id")
    for text in _texts(document, without=BACK_REFERENCES):
        if not is_below(text, own_id):
            yield text


def _fields(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, each in cast("Document", value).items():
            yield key, each
            yield from _fields(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _fields(each)


def _texts(value: object, without: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield every id in a value: as a text, and as the key of an object."""
    if isinstance(value, str) and value.lower().startswith("/subscriptions/"):
        yield value
    elif isinstance(value, Mapping):
        for key, each in cast("Document", value).items():
            if key.lower() not in without:
                yield from _texts(key)
                yield from _texts(each, without)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _texts(each, without)


def _owner(resource_id: str) -> str:
    """Return the outermost resource of an id: the gateway of a frontend, the set of a machine."""
    return "/".join(resource_id.split("/")[:_RESOURCE_PARTS])
