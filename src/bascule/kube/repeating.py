"""Keeps the HTTP library from asking again by itself for what may have been done already."""

import aiohttp

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class AnswerLostError(aiohttp.ClientError):
    """The connection broke after a request had been sent, at least in part."""


async def send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request; only what reads may be sent again on a new connection if its own breaks.

    aiohttp counts PUT and DELETE among what may be repeated; whoever asks for one decides that.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method in _READING:
            raise
        raise AnswerLostError(
            f"the connection broke, and what came of it is unknown: {error}"
        ) from error
