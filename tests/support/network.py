"""Ports for tests."""

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
