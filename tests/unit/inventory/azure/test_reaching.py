import asyncio

from bascule.inventory.azure.reaching import fetch_reason_unreached


async def test_a_host_without_a_name_is_not_reached() -> None:
    assert await fetch_reason_unreached("") == "its name is not told"


async def test_a_host_that_answers_is_reached() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]

        assert await fetch_reason_unreached("127.0.0.1", port) == ""


async def test_a_host_that_refuses_is_told_with_the_reason() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    reason = await fetch_reason_unreached("127.0.0.1", port)

    assert reason.startswith("no connection to 127.0.0.1: ")
