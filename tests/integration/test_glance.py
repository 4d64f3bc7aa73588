"""What is asked of a runtime and of an Envoy without an event loop, over unix sockets."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bascule.app.asking import ask
from bascule.app.glance import look_at_envoy
from bascule.app.state_dir import StateDir
from bascule.errors import TransportError
from bascule.ids import Cluster

STATS = b"""\
cluster.blue/shop.upstream_rq_total: 7
cluster.blue/api.upstream_rq_total: 3
cluster.blue/shop.upstream_rq_active: 1
cluster.green/shop.membership_healthy: 9
cluster.green-1/shop.membership_healthy: 2
cluster.other.upstream_rq_total: 99
"""


@contextmanager
def answering(path: Path, answer: Callable[[bytes], bytes]) -> Iterator[None]:
    """Answer each connection once with what `answer` makes of its first block, then close it."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                line.sendall(answer(line.recv(65_536)))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


@contextmanager
def running_envoy(state: Path) -> Iterator[int]:
    """Run a process that names the directory's envoy.json, as its Envoy does."""
    # Only a process that has said something surely shows its arguments to others.
    waits = "import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", waits, str(state / "envoy.json")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    (state / "envoy.pid").write_text(str(process.pid))
    try:
        yield process.pid
    finally:
        process.communicate()


def envoy_answer(request: bytes) -> bytes:
    """Answer as an Envoy's admin socket does: what is ready whole, statistics in chunks."""
    if request.startswith(b"GET /ready"):
        return b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nLIVE\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [STATS[:50], STATS[50:], b""]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def test_a_runtime_is_asked_for_one_object(tmp_path: Path) -> None:
    def echo(request: bytes) -> bytes:
        return json.dumps({"asked": json.loads(request)}).encode() + b"\n"

    with answering(tmp_path / "control.sock", echo):
        answer = ask(tmp_path / "control.sock", {"op": "status"})

    assert answer == {"asked": {"op": "status"}}


@pytest.mark.parametrize("said", [b"", b"no json", b"[1]"], ids=["nothing", "no JSON", "a list"])
def test_an_answer_that_is_no_object_is_no_answer(tmp_path: Path, said: bytes) -> None:
    with answering(tmp_path / "control.sock", lambda _: said), pytest.raises(TransportError):
        ask(tmp_path / "control.sock", {"op": "status"})


def test_nobody_who_listens_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TransportError) as caught:
        ask(tmp_path / "control.sock", {"op": "status"})

    assert "bascule run" in caught.value.remedy


def test_a_runtime_that_is_silent_is_given_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "control.sock"))
        listening.listen()

        with pytest.raises(TransportError, match="did not answer within"):
            ask(tmp_path / "control.sock", {"op": "status"}, within_s=0.05)


def test_no_envoy_is_seen_where_none_was_started(tmp_path: Path) -> None:
    seen = look_at_envoy(StateDir(tmp_path))

    assert (seen.pid, seen.traffic) == (None, {})


def test_a_process_that_is_not_this_gateways_envoy_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "envoy.pid").write_text(str(os.getpid()))

    assert look_at_envoy(StateDir(tmp_path)).pid is None


def test_an_envoy_that_serves_tells_its_counts_by_cluster(tmp_path: Path) -> None:
    with running_envoy(tmp_path) as pid, answering(tmp_path / "admin.sock", envoy_answer):
        seen = look_at_envoy(StateDir(tmp_path))

    assert seen.pid == pid
    assert "serves its last configuration" in seen.reason
    assert seen.traffic[Cluster.BLUE]["requests_total"] == 10
    assert seen.traffic[Cluster.BLUE]["requests_active"] == 1
    assert seen.traffic[Cluster.GREEN]["endpoints_healthy"] == 2


def test_an_envoy_that_does_not_answer_is_not_known(tmp_path: Path) -> None:
    with running_envoy(tmp_path) as pid:
        seen = look_at_envoy(StateDir(tmp_path))

    assert (seen.pid, seen.traffic) == (pid, {})
    assert "no answer from Envoy" in seen.reason
