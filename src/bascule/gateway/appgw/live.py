"""What a gateway's document says of the split that is live: its rules' targets, and a tag."""

import re
from collections.abc import Iterator
from typing import Final

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.azure.gateway_rules import hosts_of_listener
from bascule.errors import PlanError
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, RULES
from bascule.gateway.ownership import Owns, split_of
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights, parse_percent

TAG_MAX: Final = 256
"""So many characters a tag's value may have."""

_POOL = re.compile(r"-pool-(blue|green)(?=_|$)")
_PATH_MAP = re.compile(r"-(blue|green)$")


def render_split(split: Split) -> str:
    """Return the value of the tag for `split`; hosts for which there is no room are left out.

    A host that is all the other cluster's is read from its rule then.
    """
    text = f"{split.default.blue_bp / 100:g}"
    for host, weights in split.by_host.items():
        longer = f"{text};{host}={weights.blue_bp / 100:g}"
        if len(longer) > TAG_MAX:
            break
        text = longer
    return text


def read_split(document: Document, owns: Owns, written: Split | None = None) -> Split | None:
    """Return the split that is live by a document; None where no tag of ours tells.

    `written` is the one that the tag was made of, if that is known: not all hosts have room in it.
    A rule that leads to the other cluster than the tag says outranks it.
    """
    text = split_of(object_at(document, "tags"))
    tagged = written if written is not None and render_split(written) == text else _parse(text)
    if tagged is None:
        return None
    by_host = dict(tagged.by_host)
    for host, cluster in _rule_targets(document, owns):
        if tagged.for_host(host).only is cluster.other:
            by_host[host] = Weights.all_to(cluster)
    return Split(tagged.default, by_host)


def _parse(text: str) -> Split | None:
    first, *others = text.split(";")
    named = (other.rpartition("=") for other in others)
    try:
        by_host = {host: Weights(parse_percent(share)) for host, _, share in named}
        return Split(Weights(parse_percent(first)), by_host)
    except PlanError:
        return None


def _rule_targets(document: Document, owns: Owns) -> Iterator[tuple[str, Cluster]]:
    """Yield each host with the cluster that its rule of ours names, if it could name the other."""
    properties = object_at(document, "properties")
    hosts = {_name(each): hosts_of_listener(each) for each in list_at(properties, LISTENERS)}
    maps = frozenset(_name(each) for each in list_at(properties, PATH_MAPS))
    pools = frozenset(
        _name(each)
        for each in list_at(properties, POOLS)
        if list_at(each, "properties", "backendAddresses")
    )
    for rule in list_at(properties, RULES):
        if not owns.is_ours(RULES, text_at(rule, "name")):
            continue
        cluster = _chosen(_PATH_MAP, _target(rule, "urlPathMap"), maps) or _chosen(
            _POOL, _target(rule, "backendAddressPool"), pools
        )
        if cluster is not None:
            for host in hosts.get(_target(rule, "httpListener"), ()):
                yield host, cluster


def _chosen(pattern: re.Pattern[str], name: str, there: frozenset[str]) -> Cluster | None:
    """Return the cluster in `name`, where what is called so of the other one is there as well."""
    found = pattern.search(name)
    if found is None:
        return None
    cluster = Cluster(found[1])
    sibling = f"{name[: found.start(1)]}{cluster.other}{name[found.end(1) :]}"
    return cluster if sibling in there else None


def _target(rule: Document, key: str) -> str:
    return text_at(rule, "properties", key, "id").rpartition("/")[2].lower()


def _name(child: Document) -> str:
    return text_at(child, "name").lower()
