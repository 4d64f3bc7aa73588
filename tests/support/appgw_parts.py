"""Parts of a gateway's document that are ours, and documents as Azure shows them."""

import copy
from collections.abc import Mapping
from typing import Any

from bascule.gateway.appgw.merge import merge
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    PROBES,
    RULES,
    SETTINGS,
    Part,
)
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.ownership import Owns
from bascule.lab.arm.network.gateways.certificates import without_secrets
from bascule.lab.arm.network.gateways.children import complete, stamp
from bascule.lab.arm.network.gateways.names import canonical
from tests.support.arm_gateways import gateway, listener, part, pool, ref, rule, settings, to_pool

Document = dict[str, Any]
OWNS = Owns(prefix="bsc-", owner="shop")
TAGS = {"bascule-table": "0123456789abcdef"}
SHOP = "shop.example.com"


def shown(document: Mapping[str, Any], *, etag: str = 'W/"1"') -> Document:
    """Return a document as the lab's Azure would show it after a PUT."""
    found: Document = canonical(copy.deepcopy(dict(document)))
    for each in found["properties"].get("sslCertificates", ()):
        if "data" in each["properties"]:
            each["properties"]["publicCertData"] = "MII..."
    complete(found)
    stamp(found, etag=etag, state="Succeeded")
    return without_secrets(found)


def theirs(**collections: Any) -> Document:
    """Return a gateway that is somebody else's, as Azure shows it."""
    found = gateway({"blue": ["10.0.0.1"]}, **collections)
    found["tags"] = {"team": "shop"}
    return shown(found)


def our_pool(name: str = "bsc-pool-blue", *addresses: str) -> Document:
    return pool(name, *(addresses or ("10.1.0.1",)))


def our_part(
    *, cluster: str = "blue", host: str = SHOP, addresses: tuple[str, ...] = ("10.1.0.1",)
) -> Part:
    """Return a part with a path map for each cluster, of which the rule names one's."""
    maps = [_path_map(each) for each in ("blue", "green")]
    return build_part(
        {
            PORTS: [part("bsc-port-80", port=80)],
            PROBES: [probe()],
            POOLS: [our_pool("bsc-pool-blue", *addresses), our_pool("bsc-pool-green", "10.2.0.1")],
            SETTINGS: [settings("bsc-settings", probe=ref(PROBES, "bsc-probe"))],
            LISTENERS: [
                listener("bsc-listener", host, frontendPort=ref(PORTS, "bsc-port-80")),
            ],
            PATH_MAPS: maps,
            RULES: [
                rule(
                    "bsc-rule",
                    1_000,
                    listener="bsc-listener",
                    urlPathMap=ref(PATH_MAPS, f"bsc-map-{cluster}"),
                )
            ],
        }
    )


def probe(name: str = "bsc-probe", **changes: Any) -> Document:
    defaults = {"protocol": "Http", "host": SHOP, "path": "/healthz", "interval": 30}
    return part(name, **{**defaults, **changes})


def build_part(collections: Mapping[str, list[Document]], **more: Any) -> Part:
    """Return a part of these children."""
    children = {
        collection: {child["name"]: child for child in found}
        for collection, found in collections.items()
    }
    return Part(children=children, **more)


def with_certificate(name: str = "bsc-cert") -> Part:
    """Return a part that is one certificate."""
    return build_part({CERTIFICATES: [part(name)]})


def _path_map(cluster: str) -> Document:
    way = to_pool(f"bsc-pool-{cluster}", "bsc-settings")
    return part(
        f"bsc-map-{cluster}",
        **to_pool(f"bsc-pool-{cluster}", "bsc-settings", default=True),
        pathRules=[part("cart", paths=["/cart", "/cart/*"], **way)],
    )


def merged(
    document: Document,
    wanted: Part,
    owns: Owns = OWNS,
    *,
    pfx: Mapping[str, Pfx] | None = None,
) -> Document:
    """Return the body that puts a part into a document."""
    return merge(document, wanted, owns, pfx=pfx or {}, tags=TAGS)


def names(document: Mapping[str, Any], collection: str) -> list[str]:
    """Return the names of a collection's children, in order."""
    return [each["name"] for each in document["properties"].get(collection, [])]


def child(document: Mapping[str, Any], collection: str, name: str) -> Document:
    """Return one child."""
    found: Document = next(
        each for each in document["properties"][collection] if each["name"] == name
    )
    return found
