"""An instance that is replaced gives its port over: no client notices, however many come."""

import asyncio
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

from typing_extensions import override

from bascule.lab.arm.dataplane.handover import lead_to_newest
from bascule.lab.arm.dataplane.instance import Instance
from bascule.lab.arm.dataplane.live_gateway import give_over
from bascule.lab.arm.dataplane.translate.backends import BackendOptions
from bascule.lab.arm.dataplane.translate.translation import translate
from tests.integration.test_arm_dataplane import lab
from tests.support.arm_backends import BLUE, FRONTEND_ADDRESSES, PUBLIC
from tests.support.arm_gateways import PORT, gateway, settings

AT_ONCE = 40
CLIENTS = 8
REPLACEMENTS = 4


def _listen(port: int = 0) -> socket.socket:
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((PUBLIC, port))
    found.listen(AT_ONCE)
    found.settimeout(0)
    return found


def _connect(stack: ExitStack, place: tuple[str, int]) -> None:
    for _ in range(AT_ONCE):
        stack.enter_context(socket.create_connection(place, timeout=5))


def _accept_all(stack: ExitStack, listening: socket.socket) -> int:
    count = 0
    with suppress(BlockingIOError):
        while True:
            stack.enter_context(listening.accept()[0])
            count += 1
    return count


async def test_new_connections_are_led_to_the_newest_once_the_others_have_accepted_theirs() -> None:
    with ExitStack() as stack:
        old = stack.enter_context(_listen())
        place: tuple[str, int] = old.getsockname()
        _connect(stack, place)
        new = stack.enter_context(_listen(place[1]))
        async with asyncio.TaskGroup() as tasks:
            leading = tasks.create_task(lead_to_newest([place]))
            await asyncio.sleep(0)
            assert not leading.done()
            assert _accept_all(stack, old) == AT_ONCE

        _connect(stack, place)

        assert (_accept_all(stack, old), _accept_all(stack, new)) == (0, AT_ONCE)


async def test_it_makes_no_difference_when_the_old_has_closed() -> None:
    with ExitStack() as stack:
        old = stack.enter_context(_listen())
        place: tuple[str, int] = old.getsockname()
        staying, new = (stack.enter_context(_listen(place[1])) for _ in range(2))
        await lead_to_newest([place])
        old.close()

        _connect(stack, place)

        counts = (_accept_all(stack, staying), _accept_all(stack, new))
        assert sum(counts) == AT_ONCE
        assert all(counts)


class Replaced(Instance):
    """Notes when it closes."""

    is_closed = False

    @property
    @override
    def is_running(self) -> bool:
        return True

    @override
    async def retire(self) -> None:
        self.is_closed = True


async def test_an_instance_that_is_replaced_closes_when_it_has_accepted_what_is_queued(
    tmp_path: Path,
) -> None:
    translation = translate(gateway({"blue": [BLUE]}), FRONTEND_ADDRESSES, BackendOptions())
    replaced = Replaced(tmp_path, tmp_path / "pid", "replaced", drain_s=1.0)
    replaced.translation = translation
    with ExitStack() as stack:
        old = stack.enter_context(_listen(PORT))
        _connect(stack, (PUBLIC, PORT))
        stack.enter_context(_listen(PORT))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(give_over(replaced, translation))
            await asyncio.sleep(0)
            assert not replaced.is_closed
            _accept_all(stack, old)

    assert replaced.is_closed


async def _ask_on(stop: asyncio.Event, failures: list[str], answered: list[int]) -> None:
    """Ask over new connections until told to stop; note each that is not answered."""
    while not stop.is_set():
        try:
            reader, writer = await asyncio.open_connection(PUBLIC, PORT)
            try:
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                line = await reader.readline()
            finally:
                writer.close()
            answered.append(1)
            if not line.startswith(b"HTTP/1.1 200 "):
                failures.append(repr(line))
        except OSError as error:
            failures.append(repr(error))


async def test_no_connection_is_lost_when_instances_are_replaced(tmp_path: Path) -> None:
    stop, failures, answered = asyncio.Event(), list[str](), list[int]()
    async with lab(tmp_path) as world, asyncio.TaskGroup() as tasks:
        await world.apply(gateway({"blue": [BLUE]}))
        for _ in range(CLIENTS):
            tasks.create_task(_ask_on(stop, failures, answered))
        for number in range(REPLACEMENTS):
            drain = {"enabled": True, "drainTimeoutInSec": 120 + 60 * (number % 2)}
            changed = [settings(connectionDraining=drain)]
            await world.apply(gateway({"blue": [BLUE]}, backendHttpSettingsCollection=changed))
        stop.set()

    assert failures == []
    assert len(answered) > 100
