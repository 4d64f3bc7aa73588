"""Reads an answer's body up to a limit, so that no far end fills the memory."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp


async def read_body(answer: "aiohttp.ClientResponse", bytes_max: int) -> tuple[bytes, bool]:
    """Return the body's first `bytes_max` bytes, and whether that is all of it."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > bytes_max:
            return bytes(body[:bytes_max]), False
    return bytes(body), True
