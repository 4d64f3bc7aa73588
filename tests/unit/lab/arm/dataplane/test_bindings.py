"""Whether a frontend may listen where it is to."""

import errno
import socket

import pytest

from bascule.lab.arm.dataplane.bindings import find_refused, tell_reason


def test_a_free_port_is_not_refused() -> None:
    assert find_refused([]) == ""
    assert find_refused([("127.0.0.1", 0)]) == ""


def test_a_port_that_is_shared_with_others_of_its_kind_is_refused_too() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]

        refused = find_refused([("127.0.0.1", port)])

    assert refused == (
        f"Frontend port {port} of 127.0.0.1 cannot be listened on: another process of this machine"
        " listens there. End it, or use another port."
    )


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "this user may not listen on ports below 1024. Use another frontend port."),
        (errno.EADDRNOTAVAIL, "not here."),
    ],
)
def test_the_reason_is_told(number: int, reason: str) -> None:
    assert tell_reason(OSError(number, "not here")) == reason
