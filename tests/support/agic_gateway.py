"""A gateway that AGIC and somebody else have written, as Azure shows it."""

from typing import Any

from bascule.gateway.appgw.part import PATH_MAPS, POOLS
from tests.support.appgw_parts import Document, shown
from tests.support.arm_gateways import PORT, gateway, listener, part, pool, ref, rule, to_pool

DIGEST, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
HOST, OTHER_HOST = "shop.example.com", "api.example.com"


def agic_gateway(prefix: str = "", **collections: Any) -> Document:
    """Return a gateway with two hosts of AGIC's: one with paths, one without."""
    found: Document = {
        "backendAddressPools": [
            pool("blue", "10.9.9.9"),
            pool(f"{prefix}defaultaddresspool"),
            pool(f"{prefix}pool-shop-web-80-bp-8080", "10.0.0.1", "10.0.0.2"),
            pool(f"{prefix}pool-shop-api-80-bp-9000", "10.0.0.3"),
        ],
        "httpListeners": [
            listener("all", port=81),
            listener(f"{prefix}fl-{DIGEST}", HOST),
            listener(f"{prefix}fl-{OTHER}", OTHER_HOST),
        ],
        "urlPathMaps": [
            part(
                f"{prefix}url-{DIGEST}",
                **to_pool(f"{prefix}pool-shop-web-80-bp-8080", default=True),
                pathRules=[
                    part("api", paths=["/api"], **to_pool(f"{prefix}pool-shop-api-80-bp-9000"))
                ],
            )
        ],
        "requestRoutingRules": [
            rule("rule1", 100),
            rule(
                f"{prefix}rr-{DIGEST}",
                19_000,
                listener=f"{prefix}fl-{DIGEST}",
                urlPathMap=ref(PATH_MAPS, f"{prefix}url-{DIGEST}"),
            ),
            rule(
                f"{prefix}rr-{OTHER}",
                19_005,
                listener=f"{prefix}fl-{OTHER}",
                backendAddressPool=ref(POOLS, f"{prefix}pool-shop-api-80-bp-9000"),
            ),
        ],
    }
    document = gateway(ports=(PORT, 81), **{**found, **collections})
    document["tags"] = {"managed-by-k8s-ingress": "1.9.8", "team": "shop"}
    return shown(document)
