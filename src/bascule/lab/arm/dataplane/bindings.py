"""Whether frontends may listen where they are to."""

import errno
import socket
from collections.abc import Iterable


def find_refused(bindings: Iterable[tuple[str, int]]) -> str:
    """Return why the first of these cannot be listened on; empty if all can.

    Asks without SO_REUSEPORT: what a forgotten Envoy listens on would be shared with it unnoticed.
    """
    for address, port in sorted(bindings):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                probe.listen(1)
            except OSError as error:
                return (
                    f"Frontend port {port} of {address} cannot be listened on: {tell_reason(error)}"
                )
    return ""


def tell_reason(error: OSError) -> str:
    """Return what a person can do about it."""
    if error.errno == errno.EACCES:
        return "this user may not listen on ports below 1024. Use another frontend port."
    if error.errno == errno.EADDRINUSE:
        return "another process of this machine listens there. End it, or use another port."
    return f"{error.strerror}."
