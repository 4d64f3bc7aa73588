"""Cuts a byte stream into lines, however the network cut it."""

from bascule.errors import TransportError


class LineSplitter:
    """Collects chunks and gives whole lines; its cost is linear in the bytes it is fed."""

    def __init__(self, line_bytes_max: int) -> None:
        self._line_bytes_max = line_bytes_max
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes, without their ends and without empty ones.

        Raises TransportError for a line longer than the limit.
        """
        head, *rest = chunk.split(b"\n")
        self._keep(head)
        if not rest:
            return []
        lines = [b"".join(self._parts), *rest[:-1]]
        self._parts, self._size = [], 0
        self._keep(rest[-1])
        return [line for line in lines if line]

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._line_bytes_max:
            raise TransportError(
                f"a watch event is longer than {self._line_bytes_max} bytes",
                remedy="find the object of this size; Kubernetes itself stops at about 3 MB",
            )
        if part:
            self._parts.append(part)
