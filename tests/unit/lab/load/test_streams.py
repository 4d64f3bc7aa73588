import asyncio

from bascule.lab.load.plan import StreamKind, StreamLane, Target
from bascule.lab.load.streams import EchoStream, StreamEnd, StreamLog, keep_stream

LANE = StreamLane(
    name="websocket",
    kind=StreamKind.WEBSOCKET,
    target=Target(host="shop", address="127.0.0.1", port=1),
    count=1,
    life_s=0.0,
)


class Stream:
    """An open stream to a cluster."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster

    async def echo(self, text: str) -> None:
        """Send it back."""

    async def end(self) -> None:
        """End at once."""

    def drop(self) -> None:
        """Let go."""


async def test_a_stream_is_of_the_cluster_that_is_meant_by_the_name_it_gives() -> None:
    log, stop = StreamLog(cluster_by_name={"old": "blue", "new": "green"}), asyncio.Event()
    answers = iter(("old", "old", "new"))

    async def open_one() -> EchoStream:
        await asyncio.sleep(0)
        answer = next(answers)
        if answer == "new":
            stop.set()
        return Stream(answer)

    await keep_stream(LANE, 0, opener=open_one, log=log, stop=stop)

    assert [record.cluster for record in log.records] == ["blue", "blue", "green"]
    assert [record.is_moved for record in log.records] == [False, False, True]
    assert {record.end for record in log.records} == {StreamEnd.ENDED}
