"""A request to green through the real gateway, and to blue at the same moment where wanted."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.probes.checks.answers import (
    Found,
    failed,
    read_text,
    read_texts,
    read_timeout,
    unknown,
)
from bascule.probes.checks.bodies import read_body
from bascule.probes.checks.http_rules import (
    BODY_BYTES_MAX,
    Answer,
    compare_answers,
    judge_answer,
    parse_rules,
)
from bascule.probes.request import build_context
from bascule.probes.targets import Target
from bascule.upgrade.gates.model import CheckOutcome

AGENT = "bascule-check"

FindTarget = Callable[[str, str, bool], Target | None]
"""How a host is asked for a path, with TLS or without; None where the gateway does not have it."""


class _NoAnswerError(Exception):
    """Nothing came back, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    target: Target
    method: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


async def ask_http(
    args: Mapping[str, Json],
    find_target: FindTarget,
    *,
    environ: Mapping[str, str],
    preview_header: str = "",
) -> Found:
    """Return what green answers; without a preview header, whoever answers users.

    No answer in time, a refused or broken connection and a certificate that is not the gateway's
    are failures; that there is nothing to ask, or that blue does not answer, is unknown.
    """
    host = read_text(args, "host")
    target = find_target(host, read_text(args, "path", "/"), read_text(args, "scheme") == "https")
    if target is None:
        return unknown(f"the gateway has no listener, route or certificate for {host}")
    missing = [name for name in read_texts(args, "headers_env").values() if name not in environ]
    if missing:
        return unknown(f"the environment variable {missing[0]} is not set")
    rules = parse_rules(args)
    if rules.same_as_blue and not preview_header:
        return unknown("without a preview header, blue cannot be told from green")
    request = _build_request(args, target, environ)
    timeout_s = read_timeout(args)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(_ask(request, _towards(preview_header, "green"), timeout_s))
        of_blue = None
        if rules.same_as_blue:
            of_blue = group.create_task(_ask(request, _towards(preview_header, "blue"), timeout_s))
    green = asking.result()
    if not isinstance(green, Answer):
        return failed(green)
    found = judge_answer(rules, green)
    if of_blue is None or found.outcome is not CheckOutcome.PASSED:
        return found
    blue = of_blue.result()
    if not isinstance(blue, Answer):
        return unknown(f"nothing to compare with: blue {blue}")
    return compare_answers(rules, blue=blue, green=green)


def _build_request(
    args: Mapping[str, Json], target: Target, environ: Mapping[str, str]
) -> _Request:
    secret = {name: environ[value] for name, value in read_texts(args, "headers_env").items()}
    standard = {"user-agent": AGENT, "accept": "*/*", "accept-encoding": "identity"}
    body = args.get("body")
    return _Request(
        target=target,
        method=read_text(args, "method", "GET"),
        headers={**standard, **read_texts(args, "headers"), **secret, "host": target.host},
        body=body.encode() if isinstance(body, str) else None,
    )


def _towards(preview_header: str, cluster: str) -> Mapping[str, str]:
    return {preview_header: Cluster(cluster).value} if preview_header else {}


async def _ask(request: _Request, towards: Mapping[str, str], timeout_s: float) -> Answer | str:
    """Return the answer, or in words why there is none."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _fetch(request, towards)
    except TimeoutError:
        return f"did not answer within {timeout_s:g} s"
    except _NoAnswerError as error:
        return str(error)


async def _fetch(request: _Request, towards: Mapping[str, str]) -> Answer:
    import aiohttp
    from yarl import URL

    target = request.target
    context = build_context(target)
    scheme = "http" if context is None else "https"
    address = f"[{target.address}]" if ":" in target.address else target.address
    url = URL(f"{scheme}://{address}:{target.port}{target.path}", encoded=True)
    connector = aiohttp.TCPConnector(force_close=True)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            ) as http,
            http.request(
                request.method,
                url,
                headers={**request.headers, **towards},
                data=request.body,
                allow_redirects=False,
                ssl=True if context is None else context,
                server_hostname=None if context is None else target.host,
            ) as answer,
        ):
            body, is_whole = await read_body(answer, BODY_BYTES_MAX)
            return Answer(status=answer.status, body=body, is_whole=is_whole)
    except aiohttp.ClientSSLError as error:
        raise _NoAnswerError(f"showed a certificate that is not to be trusted: {error}") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _NoAnswerError(f"gave no answer: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    return str(error) or type(error).__name__
