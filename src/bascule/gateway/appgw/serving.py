"""What a gateway's document serves: each host of each port, from which addresses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from bascule.azure.document import Document, list_at, number_at, object_at, text_at
from bascule.azure.gateway_rules import hosts_of_listener
from bascule.gateway.appgw.part import ANY_HOST, LISTENERS, PATH_MAPS, POOLS, PORTS, RULES


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where requests for a host come in."""

    host: str
    """In lower case, `*` for any."""
    port: int
    frontend: str
    """The name, in lower case, of the frontend address."""

    def told(self) -> str:
        """Name it for people."""
        return f"{self.host}:{self.port} ({self.frontend})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What becomes of the requests that come in at one place, by all of its rules together."""

    paths: int = 0
    """How many paths lead somewhere, the rest of the host among them."""
    addresses: tuple[str, ...] = ()
    """Where they lead, sorted."""
    is_redirected: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether any request is answered by somebody else than the gateway with an error."""
        return bool(self.addresses) or self.is_redirected

    def told(self) -> str:
        """Say it in words."""
        if not self.addresses:
            return "a redirect" if self.is_redirected else "nobody"
        paths, count = self.paths, len(self.addresses)
        shown = ", ".join(self.addresses[:_SHOWN_MAX]) + (", ..." if count > _SHOWN_MAX else "")
        return f"{paths} path{'s' * (paths != 1)} to {shown}"


NOBODY = Served()
_SHOWN_MAX = 3


def read_served(
    document: Document, is_counted: Callable[[str], bool] = lambda _: True
) -> Mapping[Place, Served]:
    """Return what each place leads to, by those rules whose names count; sorted."""
    properties = object_at(document, "properties")
    places = {
        _name(each): tuple(_places(each, properties)) for each in list_at(properties, LISTENERS)
    }
    pools = {_name(each): _addresses(each) for each in list_at(properties, POOLS)}
    maps = {_name(each): each for each in list_at(properties, PATH_MAPS)}
    found: dict[Place, Served] = {}
    for rule in list_at(properties, RULES):
        if not is_counted(text_at(rule, "name")):
            continue
        served = _serve(rule, maps, pools)
        for place in places.get(_referred(rule, "httpListener"), ()):
            found[place] = _join(found.get(place, NOBODY), served)
    return dict(sorted(found.items()))


def find_answer(served: Mapping[Place, Served], place: Place) -> Served:
    """Return what answers there: the host's own rule, that of a wildcard, or that of any host."""
    _, _, rest = place.host.partition(".")
    places = (replace(place, host=name) for name in (place.host, f"*.{rest}", ANY_HOST))
    return next((served[each] for each in places if each in served), NOBODY)


def _serve(
    rule: Document, maps: Mapping[str, Document], pools: Mapping[str, tuple[str, ...]]
) -> Served:
    path_map = maps.get(_referred(rule, "urlPathMap"))
    leads = [rule] if path_map is None else _leads(path_map)
    addresses = {a for each in leads for a in pools.get(_pool_of(each), ())}
    return Served(
        paths=sum(bool(pools.get(_pool_of(each))) for each in leads),
        addresses=tuple(sorted(addresses)),
        is_redirected=any(_is_redirect(each) for each in leads),
    )


def _leads(path_map: Document) -> list[Document]:
    return [path_map, *list_at(path_map, "properties", "pathRules")]


def _pool_of(place: Document) -> str:
    return _referred(place, "backendAddressPool") or _referred(place, "defaultBackendAddressPool")


def _is_redirect(place: Document) -> bool:
    properties = object_at(place, "properties")
    return "redirectConfiguration" in properties or "defaultRedirectConfiguration" in properties


def _join(one: Served, other: Served) -> Served:
    return Served(
        paths=max(one.paths, other.paths),
        addresses=tuple(sorted({*one.addresses, *other.addresses})),
        is_redirected=one.is_redirected or other.is_redirected,
    )


def _addresses(pool: Document) -> tuple[str, ...]:
    found = list_at(pool, "properties", "backendAddresses")
    return tuple(a for each in found if (a := text_at(each, "ipAddress") or text_at(each, "fqdn")))


def _places(listener: Document, properties: Document) -> Iterator[Place]:
    ports = {_name(e): number_at(e, "properties", "port") for e in list_at(properties, PORTS)}
    port = ports.get(_referred(listener, "frontendPort")) or 0
    frontend = _referred(listener, "frontendIPConfiguration")
    for host in hosts_of_listener(listener):
        yield Place(host, port, frontend)


def _referred(child: Document, key: str) -> str:
    return text_at(child, "properties", key, "id").rpartition("/")[2].lower()


def _name(child: Document) -> str:
    return text_at(child, "name").lower()
