"""One GET through the gateway over a connection of the witness' own; never sent twice."""

import asyncio
import ssl
from dataclasses import dataclass

from bascule.probes.targets import Target

HEAD_BYTES_MAX = 65_536
BODY_BYTES_MAX = 1_048_576


class ProbeError(Exception):
    """No answer came; `kind` is one of connect, reset, timeout, tls, protocol."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class Line:
    """A connection that may carry one request after another."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_reusable: bool = True

    @property
    def is_alive(self) -> bool:
        """Whether a further request may be sent on it."""
        return self.is_reusable and not self.reader.at_eof() and not self.writer.is_closing()

    def close(self) -> None:
        """Close it."""
        self.is_reusable = False
        self.writer.close()


def build_context(target: Target) -> ssl.SSLContext | None:
    """Return a context that trusts exactly the chain that the gateway was given; None without."""
    if target.chain_pem is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=target.chain_pem.decode("ascii"))
    context.set_alpn_protocols(["http/1.1"])
    return context


async def open_line(target: Target, context: ssl.SSLContext | None) -> Line:
    """Return a new connection. Raises ProbeError."""
    try:
        reader, writer = await asyncio.open_connection(
            target.address,
            target.port,
            ssl=context,
            server_hostname=target.host if context is not None else None,
            limit=HEAD_BYTES_MAX,
        )
    except ssl.SSLError as error:
        raise ProbeError("tls") from error
    except OSError as error:
        raise ProbeError("connect") from error
    return Line(reader=reader, writer=writer)


async def fetch_status(line: Line, target: Target) -> int:
    """Send one GET and return the status of its answer. Raises ProbeError.

    The line is reusable afterwards only if the whole answer was read.
    """
    line.writer.write(
        f"GET {target.path} HTTP/1.1\r\nhost: {target.host}\r\n"
        "user-agent: bascule-witness\r\n\r\n".encode()
    )
    try:
        head = await line.reader.readuntil(b"\r\n\r\n")
        status, length = parse_head(head)
        if length is None or length > BODY_BYTES_MAX:
            line.is_reusable = False
        else:
            await line.reader.readexactly(length)
    except (OSError, asyncio.IncompleteReadError) as error:
        line.is_reusable = False
        raise ProbeError("reset") from error
    except (ValueError, asyncio.LimitOverrunError) as error:
        line.is_reusable = False
        raise ProbeError("protocol") from error
    return status


def parse_head(head: bytes) -> tuple[int, int | None]:
    """Return the status, and the body's length or None when the connection must not be reused.

    Raises ValueError for what is not HTTP/1.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(first[:40])
    status = int(rest[:3])
    value_by_name = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    if value_by_name.get("connection", "").lower() == "close":
        return status, None
    length = value_by_name.get("content-length")
    if length is None:
        return status, 0 if status in (204, 304) else None
    return status, int(length)
