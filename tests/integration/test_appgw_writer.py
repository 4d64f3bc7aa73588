from typing import Any

from tests.support.gateway_lab import gateway_lab, pools_of, with_pool


async def test_a_change_is_sent_once_and_read_back() -> None:
    async with gateway_lab() as lab:
        before = await lab.get()

        written = await lab.clock.drive(lab.writer.write(_with("bsc-shop", "10.0.0.1")))

        assert (written.is_sent, written.puts) == (True, 1)
        assert pools_of(written.after) == {**pools_of(before), "bsc-shop": ["10.0.0.1"]}
        assert lab.fenced
        assert not lab.log.kept


async def test_what_is_there_is_not_sent() -> None:
    async with gateway_lab() as lab:
        await lab.clock.drive(lab.writer.write(_with("bsc-shop", "10.0.0.1")))
        sent = lab.pipeline.puts(lab.gateway_id)

        written = await lab.clock.drive(lab.make_writer().write(_with("bsc-shop", "10.0.0.1")))

        assert (written.is_sent, written.puts) == (False, 0)
        assert lab.pipeline.puts(lab.gateway_id) == sent


def _with(name: str, *addresses: str) -> Any:
    return lambda document: with_pool(document, name, *addresses)
