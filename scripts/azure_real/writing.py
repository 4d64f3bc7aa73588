"""Questions about writes themselves: the etag that they ask for, and how large they may be."""

from bascule.azure.document import text_at
from bascule.azure.errors import LostAnswerError, ReadAgainError
from bascule.errors import ApiError, TransportError
from scripts.azure_real.documents import padded
from scripts.azure_real.gateway import finish, read
from scripts.azure_real.judging import Fact
from scripts.azure_real.judging_evidence import Try, judge_size
from scripts.azure_real.world import World

STALE = 'W/"00000000-0000-0000-0000-000000000000"'
"""No document has it."""
PRECONDITION_FAILED = 412
TOO_LARGE = frozenset({400, 413})
"""How ARM may refuse what is too large; any other refusal says nothing about that."""
MIB = 1 << 20
SIZES_BYTES = tuple(round(MIB * size) for size in (1, 2, 3.9, 4.1, 8, 17))
"""About the presumed limit, of 4 MB; the last one is refused by the lab."""


async def ask_if_match(world: World) -> Fact:
    """Ask whether a PUT with an etag that nobody has is refused."""
    gateway = world.ids().gateway
    before = await read(world)
    try:
        accepted = await world.client.put(gateway, before, if_match=STALE)
    except ReadAgainError as error:
        if error.status != PRECONDITION_FAILED:
            raise
        stale = {"answer": "honoured", "status": error.status, "code": error.reason}
    else:
        stale = {"answer": "ignored"}
        await finish(world, accepted.operation_url)
    current = text_at(await read(world), "etag")
    accepted = await world.client.put(gateway, before, if_match=current)
    during = text_at(await read(world), "etag")
    await finish(world, accepted.operation_url)
    after = text_at(await read(world), "etag")
    return {
        **stale,
        "current_etag_is_taken": True,
        "etag_changes_when_accepted": during != current,
        "etag_changes_when_ended": after != during,
    }


async def ask_body_size(world: World) -> Fact:
    """Ask how large a request may be: the document as it is, with more and more blanks in it.

    It asks for an etag that nobody has. Where that is honoured nothing is ever begun, else the
    gateway is written as it is.
    """
    tries: list[Try] = []
    for size_bytes in SIZES_BYTES:
        tries.append(await _try_size(world, size_bytes))
        if not tries[-1].is_taken:
            break
    return judge_size(tries)


async def _try_size(world: World, size_bytes: int) -> Try:
    document = await read(world)
    try:
        accepted = await world.client.put(
            world.ids().gateway, padded(document, size_bytes), if_match=STALE
        )
    except ApiError as error:
        is_taken = error.status == PRECONDITION_FAILED
        if not is_taken and error.status not in TOO_LARGE:
            raise
        return Try(size_bytes=size_bytes, is_taken=is_taken, status=error.status, code=error.reason)
    except (TransportError, LostAnswerError):
        return Try(size_bytes=size_bytes, is_taken=False, code="the connection broke")
    await finish(world, accepted.operation_url)
    return Try(size_bytes=size_bytes, is_taken=True)
