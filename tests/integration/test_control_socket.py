import asyncio
import json
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from bascule.app.control import REQUEST_BYTES_MAX, ControlServer, fetch_answer
from bascule.errors import JournalError, TransportError
from bascule.journal.record import Json


async def echo(request: Mapping[str, Json]) -> Mapping[str, Json]:
    if request.get("op") == "fail":
        raise JournalError("the disk is full")
    return {"heard": dict(request)}


async def raw(path: Path, line: bytes) -> object:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    writer.write_eof()
    answer: object = json.loads(await reader.readline())
    writer.close()
    return answer


async def test_a_request_gets_its_answer(tmp_path: Path) -> None:
    async with ControlServer(tmp_path / "control.sock", echo):
        found = await fetch_answer(tmp_path / "control.sock", {"op": "wake", "é": [1, None]})

    assert found == {"heard": {"op": "wake", "é": [1, None]}}


async def test_only_its_user_may_ask_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with ControlServer(path, echo):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    assert not path.exists()


async def test_a_socket_that_a_dead_runtime_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    dead = await asyncio.start_unix_server(lambda _reader, writer: writer.close(), path=path)
    dead.close()
    assert path.exists()

    async with ControlServer(path, echo):
        assert await fetch_answer(path, {}) == {"heard": {}}


@pytest.mark.parametrize(
    "line",
    [b"not json\n", b"[1]\n", b"\xff\n", b"", b'"' + b"x" * (REQUEST_BYTES_MAX + 1)],
    ids=["text", "list", "bytes", "nothing", "too long"],
)
async def test_what_is_no_request_is_told_so(tmp_path: Path, line: bytes) -> None:
    async with ControlServer(tmp_path / "control.sock", echo):
        answer = await raw(tmp_path / "control.sock", line)

    assert answer == {"error": "a request is one JSON object on one line"}


async def test_an_error_of_the_runtime_is_an_answer(tmp_path: Path) -> None:
    async with ControlServer(tmp_path / "control.sock", echo):
        assert await fetch_answer(tmp_path / "control.sock", {"op": "fail"}) == {
            "error": "the disk is full"
        }


async def test_without_a_runtime_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="no runtime answers") as caught:
        await fetch_answer(tmp_path / "control.sock", {"op": "status"})

    assert "bascule run" in caught.value.remedy


async def test_a_runtime_that_hangs_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    async def hang(_request: Mapping[str, Json]) -> Mapping[str, Json]:
        await asyncio.Event().wait()
        return {}

    async with ControlServer(tmp_path / "control.sock", hang):
        with pytest.raises(TransportError, match="did not answer within"):
            await fetch_answer(tmp_path / "control.sock", {}, within_s=0.05)
