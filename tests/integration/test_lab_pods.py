"""Pods as clients meet them: HTTP/1.1, HTTP/2, WebSocket and gRPC over real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from random import Random
from time import time

import aiohttp
import grpc
import h2.connection
import h2.events
import pytest

from bascule.lab.pods.answers import Answerer, Identity
from bascule.lab.pods.behaviour import Behaviour
from bascule.lab.pods.ledger import Ledger
from bascule.lab.pods.logs import ContainerLog
from bascule.lab.pods.server import Binding, PodServer
from tests.support.waiting import eventually

IDENTITY = Identity(cluster="blue", version="1.33", namespace="shop", name="web-1")


class Pod:
    """One pod's server on a free port."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.ledger = Ledger()
        self.log = ContainerLog(time)
        self._writers: list[asyncio.StreamWriter] = []
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port: int = sock.getsockname()[1]
        answerer = Answerer(
            IDENTITY,
            behaviour or Behaviour(),
            rng=Random(1),  # noqa: S311 - which answers fail, not a secret
            record_effect=self.ledger.record,
        )
        self.server = PodServer(answerer, self.log, loop=asyncio.get_running_loop())

    async def start(self) -> None:
        await self.server.start([Binding(8080, "127.0.0.1", self.port)])

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        return reader, writer

    async def stop(self) -> None:
        for writer in self._writers:
            writer.close()
        self.server.abort()
        await eventually(lambda: self.server.open_connections == 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def pod() -> AsyncIterator[Pod]:
    pod = Pod()
    await pod.start()
    yield pod
    await pod.stop()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, *lines = head.decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(status_line.split()[1]), headers, body


async def test_an_answer_says_where_it_comes_from(pod: Pod) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{pod.url}/cart?x=1") as response:
        body = await response.json()

    assert response.status == 200
    assert response.headers["x-lab-cluster"] == body["cluster"] == "blue"
    assert response.headers["x-lab-version"] == body["version"] == "1.33"
    assert response.headers["x-lab-pod"] == body["pod"] == "shop/web-1"
    assert (body["method"], body["path"]) == ("GET", "/cart")


async def test_one_connection_serves_many_requests_in_order(pod: Pod) -> None:
    reader, writer = await pod.connect()
    first = b"GET /slow?ms=50 HTTP/1.1\r\nhost: a\r\n\r\n"
    second = b"GET /second HTTP/1.1\r\nhost: a\r\n\r\n"

    writer.write(first + second)

    assert json.loads((await read_answer(reader))[2])["path"] == "/slow"
    assert json.loads((await read_answer(reader))[2])["path"] == "/second"


async def test_requests_may_come_byte_by_byte(pod: Pod) -> None:
    reader, writer = await pod.connect()

    for byte in b"POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc":
        writer.write(bytes([byte]))
        await writer.drain()

    assert (await read_answer(reader))[0] == 200


async def test_chunked_bodies_and_expect_are_understood(pod: Pod) -> None:
    reader, writer = await pod.connect()
    head = b"POST /p HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n"
    writer.write(head + b"idempotency-key: k1\r\n\r\n")

    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"3\r\nabc\r\n0\r\n\r\n")

    assert (await read_answer(reader))[0] == 200
    assert pod.ledger.effects() == {"k1": 1}


async def test_head_and_204_have_no_body_and_http_1_0_ends_the_connection(pod: Pod) -> None:
    reader, writer = await pod.connect()
    writer.write(b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\nGET /status/204 HTTP/1.1\r\nhost: a\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"content-length: " in head
    assert (await read_answer(reader))[0] == 204

    writer.write(b"GET / HTTP/1.0\r\n\r\n")

    status, headers, _ = await read_answer(reader)
    assert (status, headers["connection"]) == (200, "close")
    assert await reader.read() == b""


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"NONSENSE\r\n\r\n", 400, id="not HTTP"),
        pytest.param(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 431, id="endless target"),
    ],
)
async def test_a_request_that_cannot_be_read_is_refused(
    pod: Pod, request_bytes: bytes, status: int
) -> None:
    reader, writer = await pod.connect()

    writer.write(request_bytes)

    assert (await read_answer(reader))[0] == status
    assert await reader.read() == b""


async def test_an_upgrade_to_an_unknown_protocol_is_answered_in_this_one(pod: Pod) -> None:
    reader, writer = await pod.connect()
    upgrade = b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"

    writer.write(upgrade)
    assert (await read_answer(reader))[0] == 200
    writer.write(b"GET /b HTTP/1.1\r\nhost: a\r\n\r\n")

    assert json.loads((await read_answer(reader))[2])["path"] == "/b"


async def test_a_websocket_says_which_pod_it_is_then_echoes(pod: Pod) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{pod.url}/ws") as ws:
        assert json.loads(await ws.receive_str())["pod"] == "shop/web-1"

        await ws.send_str("hello")
        await ws.send_bytes(b"\x00\x01")

        assert await ws.receive_str() == "hello"
        assert await ws.receive_bytes() == b"\x00\x01"


async def test_a_websocket_is_ended_cleanly_when_the_pod_ends(pod: Pod) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{pod.url}/ws") as ws:
        await ws.receive_str()

        pod.server.begin_drain()

        message = await ws.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == 1001
    await asyncio.wait_for(pod.server.wait_drained(), 5)


async def test_grpc_echoes_each_message_and_names_the_pod(pod: Pod) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{pod.port}") as channel:
        call = channel.stream_stream("/lab.Echo/Echo")()
        await call.write(b"one")
        assert await call.read() == b"one"
        await call.write(b"x" * 100_000)
        assert await call.read() == b"x" * 100_000

        metadata = dict(await call.initial_metadata())
        await call.done_writing()

        assert metadata["x-lab-pod"] == "shop/web-1"
        assert await call.code() is grpc.StatusCode.OK


async def test_grpc_answers_health_checks_and_refuses_unknown_methods(pod: Pod) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{pod.port}") as channel:
        assert await channel.unary_unary("/grpc.health.v1.Health/Check")(b"") == b"\x08\x01"

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary("/shop.Cart/Add")(b"")

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_grpc_stream_is_ended_with_its_trailers_when_the_pod_ends(pod: Pod) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{pod.port}") as channel:
        call = channel.stream_stream("/lab.Echo/Echo")()
        await call.write(b"one")
        await call.read()

        pod.server.begin_drain()

        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK
        await asyncio.wait_for(pod.server.wait_drained(), 5)


class Http2Client:
    """One HTTP/2 connection with prior knowledge."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h2 = h2.connection.H2Connection()
        self._h2.initiate_connection()
        self.events: list[h2.events.Event] = []

    def ask(self, path: str, *, method: str = "GET") -> int:
        stream = self._h2.get_next_available_stream_id()
        headers = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "a")]
        self._h2.send_headers(stream, headers, end_stream=True)
        self._writer.write(self._h2.data_to_send())
        return stream

    async def until(self, is_done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_done():
                data = await self._reader.read(65_536)
                if not data:
                    return
                for event in self._h2.receive_data(data):
                    self.events.append(event)
                    if isinstance(event, h2.events.ConnectionTerminated):
                        # h2 takes a GOAWAY for the end, though open streams go on (RFC 9113, 6.8).
                        self._h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
                    if isinstance(event, h2.events.DataReceived):
                        size = event.flow_controlled_length
                        self._h2.acknowledge_received_data(size, event.stream_id)
                self._writer.write(self._h2.data_to_send())

    def ended(self, stream: int) -> bool:
        kind = h2.events.StreamEnded
        return any(isinstance(event, kind) and event.stream_id == stream for event in self.events)

    def body(self, stream: int) -> bytes:
        kind = h2.events.DataReceived
        data = [e.data for e in self.events if isinstance(e, kind) and e.stream_id == stream]
        return b"".join(data)


async def test_http_2_is_spoken_on_the_same_port(pod: Pod) -> None:
    client = Http2Client(*await pod.connect())

    slow, fast = client.ask("/slow?ms=60"), client.ask("/fast")
    await client.until(lambda: client.ended(slow) and client.ended(fast))

    ends = [e.stream_id for e in client.events if isinstance(e, h2.events.StreamEnded)]
    assert ends == [fast, slow]
    assert json.loads(client.body(fast))["path"] == "/fast"


async def test_a_body_larger_than_the_window_arrives_whole() -> None:
    pod = Pod(Behaviour(body="x" * 300_000))
    await pod.start()
    client = Http2Client(*await pod.connect())

    stream = client.ask("/")
    await client.until(lambda: client.ended(stream))

    assert len(json.loads(client.body(stream))["body"]) == 300_000
    await pod.stop()


async def test_an_http_2_pod_that_ends_finishes_what_is_open_and_says_goaway(pod: Pod) -> None:
    client = Http2Client(*await pod.connect())
    stream = client.ask("/slow?ms=500")
    await eventually(lambda: pod.server.requests == 1)

    pod.server.begin_drain()
    await client.until(lambda: client.ended(stream))

    goaways = [e for e in client.events if isinstance(e, h2.events.ConnectionTerminated)]
    assert goaways
    assert all(event.error_code == 0 for event in goaways)
    await asyncio.wait_for(pod.server.wait_drained(), 5)


async def test_an_http_1_pod_that_ends_finishes_what_is_open_and_takes_nothing_new(
    pod: Pod,
) -> None:
    idle, idle_writer = await pod.connect()
    idle_writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await read_answer(idle)
    busy, busy_writer = await pod.connect()
    busy_writer.write(b"GET /slow?ms=300 HTTP/1.1\r\nhost: a\r\n\r\n")
    await eventually(lambda: pod.server.requests == 2)

    pod.server.begin_drain()

    assert await idle.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await pod.connect()
    status, headers, _ = await read_answer(busy)
    assert (status, headers["connection"]) == (200, "close")
    await asyncio.wait_for(pod.server.wait_drained(), 5)


async def test_a_killed_pod_cuts_its_connections(pod: Pod) -> None:
    reader, writer = await pod.connect()
    writer.write(b"GET /slow?ms=5000 HTTP/1.1\r\nhost: a\r\n\r\n")
    await eventually(lambda: pod.server.requests == 1)

    pod.server.abort()

    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await read_answer(reader)


async def test_what_was_asked_is_in_the_log(pod: Pod) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{pod.url}/cart"):
        pass

    assert list(pod.log.lines())[-1] == "GET /cart 200"
