"""Hands one piece of news to one receiver, once; says what came of it and never raises for it."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from bascule.notify.events import CloudEvent, render_cloud_event
from bascule.notify.receivers import Program, Receiver, Webhook, find_problem
from bascule.programs.environment import build_environment
from bascule.programs.run import Ended, NotStarted, OutOfTime, run_program

MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
AGENT = "bascule"
_TRY_AGAIN = frozenset({408, 425, 429})


class Fate(Enum):
    """What came of one try."""

    DELIVERED = auto()
    FAILED = auto()
    """Another try may succeed."""
    REFUSED = auto()
    """Another try would end as this one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try; `reason` says why it was not delivered, and never holds an address or a secret."""

    fate: Fate
    reason: str = ""


async def deliver(receiver: Receiver, event: CloudEvent, *, environ: Mapping[str, str]) -> Delivery:
    """Hand `event` to `receiver` within its time."""
    match receiver:
        case Webhook():
            return await _post(receiver, event, environ)
        case Program():
            return await _run(receiver, event, environ)
        case _:
            assert_never(receiver)


async def _post(webhook: Webhook, event: CloudEvent, environ: Mapping[str, str]) -> Delivery:
    names = [*webhook.headers_env.values(), *([webhook.url_env] if webhook.url_env else [])]
    missing = [name for name in names if not environ.get(name)]
    if missing:
        return Delivery(Fate.REFUSED, f"the environment variable {missing[0]} is not set")
    url = webhook.url or environ[webhook.url_env].strip()
    if problem := find_problem(url):
        return Delivery(Fate.REFUSED, problem)
    secret = {name: environ[variable].strip() for name, variable in webhook.headers_env.items()}
    try:
        async with asyncio.timeout(webhook.timeout_s):
            status = await _send(url, {**secret, "content-type": MEDIA_TYPE}, encode(event))
    except TimeoutError:
        return Delivery(Fate.FAILED, f"no answer within {webhook.timeout_s:g} s")
    except _SendError as error:
        return Delivery(Fate.FAILED, str(error))
    if 200 <= status < 300:
        return Delivery(Fate.DELIVERED)
    is_passing = status >= 500 or status in _TRY_AGAIN
    return Delivery(Fate.FAILED if is_passing else Fate.REFUSED, f"it answered {status}")


class _SendError(Exception):
    """No answer came; names the kind of fault alone, as an address may be a secret."""


async def _send(url: str, headers: Mapping[str, str], body: bytes) -> int:
    import aiohttp

    try:
        async with (
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), headers={"user-agent": AGENT}
            ) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _SendError(f"no answer came ({type(error).__name__})") from None


async def _run(program: Program, event: CloudEvent, environ: Mapping[str, str]) -> Delivery:
    environment = build_environment(
        environ, BASCULE_EVENT_TYPE=event.type, BASCULE_EVENT_ID=event.id
    )
    found = await run_program(
        program.argv, environment=environment, timeout_s=program.timeout_s, stdin=encode(event)
    )
    match found:
        case Ended(code=0):
            return Delivery(Fate.DELIVERED)
        case Ended():
            said = f": {found.last_words}" if found.last_words else ""
            return Delivery(Fate.FAILED, f"it ended with exit code {found.code}{said}")
        case OutOfTime():
            return Delivery(Fate.FAILED, f"it did not end within {program.timeout_s:g} s")
        case NotStarted():
            return Delivery(Fate.REFUSED, f"cannot be started: {found.reason}")
        case _:
            assert_never(found)


def encode(event: CloudEvent) -> bytes:
    """Return the event as bytes; equal events give equal bytes."""
    return json.dumps(render_cloud_event(event), ensure_ascii=False, sort_keys=True).encode()
