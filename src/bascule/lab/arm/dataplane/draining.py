"""Servers that left their pool: which they are, and until when they keep what they have."""

from collections.abc import Mapping

from bascule.lab.arm.dataplane.translate.backends import Backend, Server

Draining = Mapping[str, Mapping[Server, float]]
"""By the backend's name: when the time of each server is over, of the lab's clock."""


def find_departing(
    previous: Mapping[str, Backend], wanted: Mapping[str, Backend], now_s: float
) -> dict[str, dict[Server, float]]:
    """Return the servers that a change takes out of a backend that stays."""
    return {
        name: {
            server: now_s + wanted[name].drain_s
            for server in backend.servers
            if server not in wanted[name].servers
        }
        for name, backend in previous.items()
        if name in wanted
    }


def still_draining(
    draining: Draining, now_s: float, wanted: Mapping[str, Backend] | None = None
) -> dict[str, dict[Server, float]]:
    """Return what is left: whose time is not over, and which was not taken back into its pool."""
    left = {
        name: {
            server: until_s
            for server, until_s in servers.items()
            if until_s > now_s and (wanted is None or server not in wanted[name].servers)
        }
        for name, servers in draining.items()
        if wanted is None or name in wanted
    }
    return {name: servers for name, servers in left.items() if servers}


def merge(first: Draining, second: Draining) -> dict[str, dict[Server, float]]:
    """Return both; a server that is in both keeps the time of the second."""
    return {
        name: {**first.get(name, {}), **second.get(name, {})} for name in sorted({*first, *second})
    }
