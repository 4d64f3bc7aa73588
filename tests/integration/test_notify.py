import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bascule.app.clock import SystemClock
from bascule.journal.record import Json
from bascule.notify.delivering import Fate, deliver
from bascule.notify.events import CloudEvent, NewsKind
from bascule.notify.receivers import Program, Webhook
from bascule.notify.sender import NewsDesk
from bascule.upgrade.run.events import Ended
from bascule.upgrade.run.stages import Stage
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.news import AT, entry, started
from tests.support.stub_web import Asked, Handler, answering, hang, stub_web
from tests.support.waiting import eventually

EVENT = CloudEvent(
    id="run-1/7",
    source="bascule/gw",
    type="dev.bascule.upgrade.ended",
    kind=NewsKind.END,
    subject="spring",
    time=AT,
    data={"stage": "completed", "reason": "größer"},
)
ENDED = Ended(upgrade="spring", stage=Stage.COMPLETED)


async def test_a_webhook_gets_a_cloud_event_with_its_secret_headers() -> None:
    async with stub_web(answering(status=202)) as stub:
        webhook = Webhook(
            url_env="HOOK_URL", headers_env={"authorization": "HOOK_TOKEN"}, timeout_s=5
        )
        environ = {"HOOK_URL": stub.url + "/in", "HOOK_TOKEN": "Bearer t0ken"}
        delivery = await deliver(webhook, EVENT, environ=environ)

    (asked,) = stub.asked
    assert delivery.fate is Fate.DELIVERED
    assert (asked.method, asked.path) == ("POST", "/in")
    assert asked.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert json.loads(asked.body) == {
        "specversion": "1.0",
        "id": "run-1/7",
        "source": "bascule/gw",
        "type": "dev.bascule.upgrade.ended",
        "subject": "spring",
        "time": "2026-01-01T00:00:00+00:00",
        "datacontenttype": "application/json",
        "data": {"stage": "completed", "reason": "größer"},
    }


async def reset(_asked: Asked) -> web.StreamResponse:
    raise ConnectionResetError


@pytest.mark.parametrize(
    ("handler", "fate"),
    [
        (answering(status=500), Fate.FAILED),
        (answering(status=429), Fate.FAILED),
        (answering(status=404), Fate.REFUSED),
        (answering(status=302, location="http://127.0.0.1:1/"), Fate.REFUSED),
        (hang, Fate.FAILED),
    ],
    ids=["error", "busy", "not-there", "redirect", "hangs"],
)
async def test_a_webhook_that_does_not_take_news_says_why(handler: Handler, fate: Fate) -> None:
    async with stub_web(handler) as stub:
        delivery = await deliver(Webhook(url=stub.url, timeout_s=0.3), EVENT, environ={})

    assert delivery.fate is fate
    assert delivery.reason


async def test_a_webhook_that_resets_the_connection_may_be_tried_again() -> None:
    async def slam(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(slam, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        delivery = await deliver(Webhook(url=url, timeout_s=5), EVENT, environ={})

    assert delivery.fate is Fate.FAILED


@pytest.mark.parametrize(
    ("webhook", "environ", "reason"),
    [
        (Webhook(url_env="HOOK_URL"), {}, "the environment variable HOOK_URL is not set"),
        (
            Webhook(url="http://127.0.0.1:1", headers_env={"a": "TOKEN"}),
            {},
            "the environment variable TOKEN is not set",
        ),
        (
            Webhook(url_env="HOOK_URL"),
            {"HOOK_URL": "file:///etc/passwd"},
            "the address is not one of http or https",
        ),
    ],
    ids=["no-address", "no-header", "no-http"],
)
async def test_what_cannot_be_sent_is_refused(
    webhook: Webhook, environ: dict[str, str], reason: str
) -> None:
    delivery = await deliver(webhook, EVENT, environ=environ)

    assert (delivery.fate, delivery.reason) == (Fate.REFUSED, reason)


async def test_an_address_that_is_a_secret_is_never_told() -> None:
    environ = {"HOOK_URL": "http://127.0.0.1:1/services/T0/hunter2"}

    delivery = await deliver(Webhook(url_env="HOOK_URL"), EVENT, environ=environ)

    assert delivery.fate is Fate.FAILED
    assert "hunter2" not in delivery.reason


async def test_a_command_gets_the_event_on_its_standard_input(tmp_path: Path) -> None:
    place = tmp_path / "got"
    script = f'cat > {place}; test "$BASCULE_EVENT_TYPE" = dev.bascule.upgrade.ended'
    program = Program(argv=("sh", "-c", script))

    delivery = await deliver(program, EVENT, environ=os.environ)

    assert delivery.fate is Fate.DELIVERED
    assert json.loads(place.read_text())["id"] == "run-1/7"


@pytest.mark.parametrize(
    ("argv", "fate"),
    [
        (("sh", "-c", "echo no room; exit 1"), Fate.FAILED),
        (("sleep", "60"), Fate.FAILED),
        (("no-such-program-at-all",), Fate.REFUSED),
    ],
    ids=["fails", "hangs", "not-there"],
)
async def test_a_command_that_does_not_take_news_says_why(
    argv: tuple[str, ...], fate: Fate
) -> None:
    delivery = await deliver(Program(argv=argv, timeout_s=0.3), EVENT, environ=os.environ)

    assert delivery.fate is fate
    assert delivery.reason


@asynccontextmanager
async def at_work(journal: FakeJournal) -> AsyncIterator[NewsDesk]:
    desk = NewsDesk(
        journal,
        gateway="gw",
        environ=os.environ,
        clock=SystemClock(),
        rng=Random(1),  # noqa: S311 — spreads tries, guards nothing
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        yield desk
        running.cancel()


async def test_bad_receivers_keep_no_good_one_from_its_news() -> None:
    async with stub_web(answering()) as good, stub_web(hang) as bad, stub_web(reset) as worse:
        receivers: list[dict[str, Json]] = [
            {"type": "webhook", "url": bad.url, "timeout_s": 60},
            {"type": "webhook", "url": worse.url},
            {"type": "webhook", "url": "http://127.0.0.1:1/"},
            {"type": "command", "run": ["sh", "-c", "sleep 60"]},
            {"type": "command", "run": ["no-such-program-at-all"]},
            {"type": "webhook", "url": good.url, "events": ["stage", "end"]},
        ]
        journal = FakeJournal(FakeDisk())
        now = SystemClock().now()
        with capture_logs() as logs:
            async with at_work(journal) as desk:
                events = [entry(started(*receivers), now), entry(ENDED, now)]
                await journal.append(events, expected_seq=0)
                desk.ring()
                await eventually(lambda: len(good.asked) == 2)
                await eventually(lambda: any("cannot be started" in str(log) for log in logs))

    assert [json.loads(asked.body)["id"] for asked in good.asked] == ["run-1/1", "run-1/2"]
