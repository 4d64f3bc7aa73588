"""What the two clusters' backends are called, so that a name never comes to mean another cluster.

A gateway goes by names: were `green/shop/web/http` to mean another cluster from one message to the
next, requests would go there before anybody had said so. So a backend's name begins with a tag, and
each cluster that takes a role after another one has a new tag: `green`, then `green-1`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from bascule.ids import Cluster

Tags: TypeAlias = Mapping[Cluster, str]
PLAIN_TAGS: Tags = MappingProxyType({cluster: cluster.value for cluster in Cluster})


def build_tag(cluster: Cluster, generation: int) -> str:
    """Return the tag of the cluster that has this role in the given generation."""
    return f"{cluster}-{generation}" if generation else cluster.value


def read_tag(name: str) -> str:
    """Return the tag of the backend `name`."""
    return name.partition("/")[0]


def choose_newest(tags: Iterable[str]) -> Mapping[Cluster, str]:
    """Return the tag of the newest generation of each cluster; its own name where there is none.

    A gateway may go on counting for a while under the names of clusters that are gone.
    """
    found: dict[Cluster, tuple[int, str]] = {}
    for tag in tags:
        role, _, generation = tag.partition("-")
        mark = (int(generation or 0), tag)
        found[Cluster(role)] = max(found.get(Cluster(role), mark), mark)
    return {c: found[c][1] if c in found else c.value for c in Cluster}


def name_backend(name: str, tag: str) -> str:
    """Return the backend `name` under another tag."""
    return f"{tag}/{name.partition('/')[2]}"


def _plain_tags() -> Tags:
    return PLAIN_TAGS


def _plain_aliases() -> Mapping[str, Cluster]:
    return MappingProxyType({tag: cluster for cluster, tag in PLAIN_TAGS.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The tags of now, and who is meant by those and all earlier ones; who is gone is not there."""

    tags: Tags = field(default_factory=_plain_tags)
    aliases: Mapping[str, Cluster] = field(default_factory=_plain_aliases)


PLAIN_NAMING = Naming()
