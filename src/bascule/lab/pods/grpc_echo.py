"""The gRPC side of a pod: an echo of messages as they come, without looking into them.

`/lab.Echo/Echo` is bidirectional: each length-prefixed message goes back as it is complete.
`/grpc.health.v1.Health/Check` answers SERVING, so that gRPC probes and gateways are content.
"""

MESSAGE_MAX_BYTES = 1 << 22
ECHO = "/lab.Echo/Echo"
HEALTH = "/grpc.health.v1.Health/Check"
UNIMPLEMENTED = 12
RESOURCE_EXHAUSTED = 8
_PREFIX_BYTES = 5
_SERVING = b"\x00\x00\x00\x00\x02\x08\x01"


class GrpcEcho:
    """One call: bytes in, bytes out, and the trailers at the end."""

    __slots__ = ("_buffer", "_status", "fixed_answer", "refusal")

    def __init__(self, *, refusal: str = "", fixed_answer: bytes = b"") -> None:
        self._buffer = bytearray()
        self._status = UNIMPLEMENTED if refusal else 0
        self.refusal = refusal
        self.fixed_answer = fixed_answer

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that begin the answer."""
        return [(":status", "200"), ("content-type", "application/grpc")]

    def trailers(self) -> list[tuple[str, str]]:
        """Return the trailers that end it."""
        trailers = [("grpc-status", str(self._status))]
        return [*trailers, ("grpc-message", self.refusal)] if self.refusal else trailers

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the request and return the messages that are complete by now."""
        self._buffer += data
        out = bytearray()
        while len(self._buffer) >= _PREFIX_BYTES:
            size = _PREFIX_BYTES + int.from_bytes(self._buffer[1:_PREFIX_BYTES], "big")
            if size > MESSAGE_MAX_BYTES:
                self._status = RESOURCE_EXHAUSTED
                self._buffer.clear()
                break
            if len(self._buffer) < size:
                break
            out += self.fixed_answer or self._buffer[:size]
            del self._buffer[:size]
        return bytes(out)


def route_grpc(path: str) -> GrpcEcho:
    """Return the call that answers this path."""
    if path == ECHO:
        return GrpcEcho()
    if path == HEALTH:
        return GrpcEcho(fixed_answer=_SERVING)
    return GrpcEcho(refusal=f"unknown method {path}")
