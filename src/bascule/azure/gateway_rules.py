"""Where the rules of an Application Gateway's document lead: which hosts, and which pools."""

from collections.abc import Callable, Iterator

from bascule.azure.document import Document, list_at, object_at, text_at, texts_at

_ANY_HOST = "*"
_RULES = ("requestRoutingRules", "routingRules")
"""The second are those of streams."""
_TARGETS = ("backendAddressPool", "defaultBackendAddressPool")


def hosts_of_listener(listener: Document) -> tuple[str, ...]:
    """Return the hosts of a listener in lower case; `*` for one that has no host name."""
    one = text_at(listener, "properties", "hostName")
    found = texts_at(listener, "properties", "hostNames") or (one or _ANY_HOST,)
    return tuple(host.lower() for host in found)


def find_led_pools(
    gateway: Document, is_counted: Callable[[tuple[str, ...]], bool] = lambda _: True
) -> frozenset[str]:
    """Return the names, in lower case, of the pools that rules lead to.

    By themselves or by the path maps that they name; `is_counted` is asked of their hosts. A map
    that no rule names leads nobody anywhere.
    """
    properties = object_at(gateway, "properties")
    hosts = {_name(e): hosts_of_listener(e) for e in list_at(properties, "httpListeners")}
    maps = {_name(each): each for each in list_at(properties, "urlPathMaps")}
    found: set[str] = set()
    for collection in _RULES:
        for rule in list_at(properties, collection):
            if not is_counted(hosts.get(_referred(rule, "httpListener"), (_ANY_HOST,))):
                continue
            found.update(_targets(rule))
            path_map = maps.get(_referred(rule, "urlPathMap"))
            if path_map is not None:
                found.update(_targets(path_map))
    return frozenset(found)


def _targets(child: Document) -> Iterator[str]:
    """Yield the pools that a rule, or a map with its path rules, names."""
    for each in (child, *list_at(child, "properties", "pathRules")):
        yield from (name for key in _TARGETS if (name := _referred(each, key)))


def _referred(child: Document, key: str) -> str:
    return text_at(child, "properties", key, "id").rpartition("/")[2].lower()


def _name(child: Document) -> str:
    return text_at(child, "name").lower()
