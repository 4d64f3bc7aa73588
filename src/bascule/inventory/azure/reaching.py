"""Whether an API server answers from here: a connection is opened and closed, nothing is sent."""

import asyncio

CONNECT_S = 5.0
API_PORT = 443


async def fetch_reason_unreached(host: str, port: int = API_PORT) -> str:
    """Return why nobody answers at a host, or nothing where somebody does."""
    if not host:
        return "its name is not told"
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"no connection to {host} within {CONNECT_S:g} s"
    except OSError as error:
        return f"no connection to {host}: {error.strerror or error}"
    writer.close()
    return ""
