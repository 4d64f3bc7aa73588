"""control.sock: one JSON line in, one JSON line out; wakes the runtime and asks it.

The inbox is the truth about commands; nothing that is said here changes weights.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Self, TypeAlias

from bascule.app.asking import ANSWER_BYTES_MAX, explain_silence
from bascule.errors import BasculeError
from bascule.journal.record import Json

REQUEST_BYTES_MAX = 64 * 1024
REQUEST_S = 5.0
"""How long a connection may take to say its line."""

Answer: TypeAlias = Callable[[Mapping[str, Json]], Awaitable[Mapping[str, Json]]]


class ControlServer:
    """Answers on `path` while entered; the caller holds the state directory's lock."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, path=self._path, limit=REQUEST_BYTES_MAX
        )
        self._path.chmod(0o600)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answer_line(reader)
            writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except OSError:
            return  # the asker went away; there is nobody to tell
        finally:
            writer.close()

    async def _answer_line(self, reader: asyncio.StreamReader) -> Mapping[str, Json]:
        try:
            line = await asyncio.wait_for(reader.readline(), REQUEST_S)
            request: Json = json.loads(line)
            if not isinstance(request, dict):
                return {"error": "a request is one JSON object on one line"}
            return await self._answer(request)
        except (ValueError, TimeoutError):
            return {"error": "a request is one JSON object on one line"}
        except BasculeError as error:
            return {"error": error.message}


async def fetch_answer(
    path: Path, request: Mapping[str, Json], *, within_s: float = REQUEST_S
) -> dict[str, Json]:
    """Return the runtime's answer to `request`.

    Raises TransportError when no runtime listens at `path` or it does not answer in time.
    """
    try:
        return await asyncio.wait_for(_ask(path, request), within_s)
    except (OSError, ValueError) as error:
        raise explain_silence(path, error, within_s=within_s) from error


async def _ask(path: Path, request: Mapping[str, Json]) -> dict[str, Json]:
    reader, writer = await asyncio.open_unix_connection(path, limit=ANSWER_BYTES_MAX)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        answer: Json = json.loads(await reader.readline())
    finally:
        writer.close()
    if not isinstance(answer, dict):
        raise ValueError("the answer is not a JSON object")  # noqa: TRY004 — said as a bad answer
    return answer
