"""What the network provider asks of the live data plane of application gateways.

The document handed over is the stored one: canonical names and values, ids and defaults stamped on
all children, certificates with their `data` and `password` (which no answer of ARM shows).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from bascule.lab.arm.resources import Document


class ServerHealth(NamedTuple):
    """What the health probe of one backend says."""

    address: str
    """As the pool's document names it: `10.240.0.7`, or a host name."""
    health: str
    """`Healthy`, `Unhealthy`, `Unknown` or `Draining`."""
    log: str
    """Such as `Success. Received 200 status code`."""


GatewayHealth = Mapping[tuple[str, str], Sequence[ServerHealth]]
"""Servers by the names of the pool and of the backend settings that reach them."""


class ProbeWanted(NamedTuple):
    """A probe that is asked for: names of a pool and of settings, and the body that says more."""

    pool: str
    settings: str
    body: Document


class GatewayPlane(Protocol):
    """The instances behind all gateways; a gateway is named by its ARM id."""

    async def apply(
        self,
        gateway_id: str,
        document: Document,
        *,
        previous: Document | None,
        frontend_addresses: Mapping[str, str],
        duration_s: float,
    ) -> None:
        """Bring a document to all instances, one by one, spread over `duration_s`.

        `previous` is the document before this one, None when the gateway is new (or was started
        again by the lab). `frontend_addresses` holds the literal address of each frontend IP
        configuration, by its name: a public IP's, or the private one. Starts a stopped gateway.
        Cancelled when a newer document supersedes it; then instances stay mixed, and the next
        `apply` begins only after the cancelled one has returned. Raises OperationFailedError with
        a code and message of Azure's kind when the document cannot be served, such as a port that
        may not be bound.
        """
        ...

    async def remove(self, gateway_id: str) -> None:
        """End all instances of a gateway; nothing happens if there are none."""
        ...

    async def stop(self, gateway_id: str) -> None:
        """Stop listening; the next `apply` starts the gateway again."""
        ...

    async def health(self, gateway_id: str) -> GatewayHealth:
        """Return what the probes say about every pool that a rule uses; empty when stopped."""
        ...

    async def probe(self, document: Document, wanted: ProbeWanted) -> Sequence[ServerHealth]:
        """Ask each server of a pool of this document once, whether a rule uses it or not."""
        ...


class NoPlane:
    """A data plane that serves nothing: for a lab without live gateways."""

    async def apply(
        self,
        gateway_id: str,
        document: Document,
        *,
        previous: Document | None,
        frontend_addresses: Mapping[str, str],
        duration_s: float,
    ) -> None:
        """Do nothing."""

    async def remove(self, gateway_id: str) -> None:
        """Do nothing."""

    async def stop(self, gateway_id: str) -> None:
        """Do nothing."""

    async def health(self, gateway_id: str) -> GatewayHealth:
        """Know of no server."""
        del gateway_id
        return {}

    async def probe(self, document: Document, wanted: ProbeWanted) -> Sequence[ServerHealth]:
        """Know of no server."""
        del document, wanted
        return ()
