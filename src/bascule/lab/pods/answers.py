"""What a pod answers to a request, decided without touching a socket."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qs

import msgspec

from bascule.lab.pods.behaviour import LATENCY_MAX_MS, Behaviour

HANG_S = 86_400.0
"""A request that hangs is answered after a day, with HANG_STATUS; nobody waits for it."""
HANG_STATUS = 504
WRONG_PATH = "/wrong"
"""What an answer that is wrong says that it is about."""

_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who answers."""

    cluster: str
    version: str
    namespace: str
    name: str

    @property
    def pod(self) -> str:
        """Return `namespace/name`, as the header x-lab-pod says it."""
        return f"{self.namespace}/{self.name}"

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that every answer carries."""
        return (
            ("x-lab-cluster", self.cluster),
            ("x-lab-version", self.version),
            ("x-lab-pod", self.pod),
        )


class Answer(NamedTuple):
    """One answer; `delay_s` is how long to wait before it is sent."""

    status: int
    body: bytes
    delay_s: float = 0.0


class Answerer:
    """Turns method, target and host into an answer, for HTTP/1.1 and HTTP/2 alike."""

    def __init__(
        self,
        identity: Identity,
        behaviour: Behaviour,
        *,
        rng: Random,
        record_effect: Callable[[str], int],
    ) -> None:
        self.identity = identity
        self.behaviour = behaviour
        self._rng = rng
        self._record_effect = record_effect
        self._prefix = self.document()[:-1] + b',"method":'
        extra = b"" if not behaviour.body else b',"body":' + _encode(behaviour.body)
        self._suffix = extra + b"}\n"
        self._delay_s = behaviour.latency_ms / 1000.0

    def document(self) -> bytes:
        """Return cluster, version and pod as a JSON object."""
        identity = self.identity
        return _encode(
            {"cluster": identity.cluster, "version": identity.version, "pod": identity.pod}
        )

    def answer(self, method: str, target: str, host: str, idempotency_key: str = "") -> Answer:
        """Decide the answer; a POST with an idempotency key has its effect here, once a call."""
        path, _, query = target.partition("?")
        delay_s = self._delay_s
        status = 200
        if path == "/healthz":
            return Answer(200, b"ok\n") if self.behaviour.is_healthy else Answer(503, b"unwell\n")
        if path == "/slow":
            delay_s += _milliseconds(query) / 1000.0
        elif path.startswith("/status/"):
            status = _status(path.removeprefix("/status/"))
        if self.behaviour.hang_rate and self._rng.random() < self.behaviour.hang_rate:
            return Answer(HANG_STATUS, self._body(method, path, host), HANG_S)
        if self.behaviour.error_rate and self._rng.random() < self.behaviour.error_rate:
            return Answer(self.behaviour.error_status, self._body(method, path, host), delay_s)
        if idempotency_key and method == "POST":
            self._record_effect(idempotency_key)
        return Answer(status, self._body(method, path, host), delay_s)

    def _body(self, method: str, path: str, host: str) -> bytes:
        if path == self.behaviour.wrong_path:
            path = WRONG_PATH
        return b"".join(
            (
                self._prefix,
                _encode(method),
                b',"path":',
                _encode(path),
                b',"host":',
                _encode(host),
                self._suffix,
            )
        )


def _milliseconds(query: str) -> float:
    values = parse_qs(query).get("ms", ["0"])
    try:
        return min(max(float(values[0]), 0.0), LATENCY_MAX_MS)
    except ValueError:
        return 0.0


def _status(text: str) -> int:
    """Return the asked status if it is a final one, else 400."""
    return int(text) if text.isdigit() and 200 <= int(text) <= 599 else 400
