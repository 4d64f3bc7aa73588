"""The whole of a gateway's document as what its Envoys are to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bascule.lab.arm.addresses import UnmappableAddressError, real_address
from bascule.lab.arm.dataplane.translate.access import build_access_log
from bascule.lab.arm.dataplane.translate.backends import DRAIN_S, Backend, BackendOptions, Backends
from bascule.lab.arm.dataplane.translate.frontends import Frontend, Site, build_frontend
from bascule.lab.arm.dataplane.translate.gateway import Child, Gateway, UnservableError
from bascule.lab.arm.dataplane.translate.hosts import exactness
from bascule.lab.arm.dataplane.translate.routes import build_routes

_PRIORITY_LAST = 20_001


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a document asks of each instance; all by name, equal for equal documents."""

    backends: Mapping[str, Backend]
    frontends: Mapping[str, Frontend]
    are_new_pools_cold: bool = False

    @property
    def probe_timeout_s(self) -> float:
        """How long the first probes of new servers may take."""
        return max((each.probe_timeout_s for each in self.backends.values()), default=0.0)

    @property
    def drain_s(self) -> float:
        """How long connections of before a change live: as the most patient settings say."""
        return max((each.drain_s for each in self.backends.values()), default=DRAIN_S)

    @property
    def bindings(self) -> frozenset[tuple[str, int]]:
        """Where it listens."""
        return frozenset((each.address, each.port) for each in self.frontends.values())


def translate(
    document: Mapping[str, Any],
    frontend_addresses: Mapping[str, str],
    options: BackendOptions | None = None,
) -> Translation:
    """Return what a gateway's instances do. Raises UnservableError for what cannot be done.

    `frontend_addresses` has the literal address of each frontend IP configuration by its name.
    Rules are evaluated by priority. What the lab has no use for (firewalls, zones, scaling, private
    links, layer 4) is passed over.
    """
    gateway = Gateway(document)
    options = options or BackendOptions()
    backends = Backends(gateway=gateway, options=options)
    sites: dict[tuple[str, int], list[Site]] = {}
    for rule, listener in _rules(gateway):
        place = _place(gateway, listener, frontend_addresses)
        routes = build_routes(gateway, rule, listener, backends)
        sites.setdefault(place, []).append(Site(listener=listener, routes=routes))
    log = build_access_log(options.access_log)
    frontends = [build_frontend(gateway, *place, sites[place], log=log) for place in sorted(sites)]
    return Translation(
        backends=dict(sorted(backends.by_name.items())),
        frontends={each.name: each for each in frontends},
        are_new_pools_cold=options.are_new_pools_cold,
    )


def _rules(gateway: Gateway) -> list[tuple[Child, Child]]:
    """Return the rules with their listeners, in the order of evaluation."""
    rules = [
        (rule, gateway.need("httpListeners", rule, "httpListener"))
        for rule in gateway.children("requestRoutingRules")
    ]
    return sorted(
        rules, key=lambda each: (each[0].number("priority", _PRIORITY_LAST), exactness(each[1]))
    )


def _place(
    gateway: Gateway, listener: Child, frontend_addresses: Mapping[str, str]
) -> tuple[str, int]:
    frontend = gateway.need("frontendIPConfigurations", listener, "frontendIPConfiguration")
    port = gateway.need("frontendPorts", listener, "frontendPort").number("port")
    by_name = {name.lower(): address for name, address in frontend_addresses.items()}
    try:
        return real_address(by_name.get(frontend.name.lower(), "")), port
    except UnmappableAddressError as error:
        raise UnservableError(
            "ApplicationGatewayFrontendIpNotReachable",
            f"Frontend IP configuration {frontend.name} cannot be listened on: {error}.",
        ) from error
