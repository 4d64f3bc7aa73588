"""Asks the runtime over control.sock without an event loop: for verbs that start fast."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

from bascule.errors import TransportError
from bascule.journal.record import Json

ANSWER_S = 5.0
"""How long the runtime may take to answer."""

ANSWER_BYTES_MAX = 64 * 1024 * 1024


def ask(path: Path, request: Mapping[str, Json], *, within_s: float = ANSWER_S) -> dict[str, Json]:
    """Return the runtime's answer to `request`.

    Raises TransportError when no runtime listens at `path` or it does not answer in time.
    """
    try:
        answer: Json = json.loads(exchange(path, json.dumps(request).encode() + b"\n", within_s))
    except (OSError, ValueError) as error:
        raise explain_silence(path, error, within_s=within_s) from error
    if not isinstance(answer, dict):
        raise TransportError(f"the answer of {path} is not a JSON object")
    return answer


def explain_silence(path: Path, error: OSError | ValueError, *, within_s: float) -> TransportError:
    """Return what to tell of a runtime that gave no answer at `path`, by what went wrong."""
    if isinstance(error, TimeoutError):
        return TransportError(
            f"the runtime at {path} did not answer within {within_s:g} s",
            remedy="look at its log; `bascule status` shows what is known without it",
        )
    return TransportError(
        f"no runtime answers at {path}: {error}", remedy="start it with `bascule run`"
    )


def exchange(path: Path, request: bytes, within_s: float) -> bytes:
    """Send `request` to the unix socket at `path` and return all that comes until it is closed.

    Raises OSError, TimeoutError among them for each wait of `within_s`, and ValueError for more
    than ANSWER_BYTES_MAX.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(within_s)
        line.connect(str(path))
        line.sendall(request)
        answer = bytearray()
        while block := line.recv(1 << 16):
            answer += block
            if len(answer) > ANSWER_BYTES_MAX:
                raise ValueError(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(answer)
