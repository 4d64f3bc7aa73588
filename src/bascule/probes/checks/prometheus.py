"""An instant query to a Prometheus."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from pathlib import Path

from bascule.errors import TransportError
from bascule.journal.record import Json
from bascule.probes.checks.answers import Found, read_number, read_text, read_timeout, unknown
from bascule.probes.checks.bodies import read_body
from bascule.probes.checks.prometheus_rules import judge_values

ANSWER_BYTES_MAX = 4_194_304
TOKEN_BYTES_MAX = 65_536


async def ask_prometheus(args: Mapping[str, Json], *, environ: Mapping[str, str]) -> Found:
    """Return whether the query's value is within its limits.

    That Prometheus cannot be reached, refuses the query or knows no value is unknown: it says
    nothing of green.
    """
    timeout_s = read_timeout(args)
    try:
        token = _find_token(args, environ)
        async with asyncio.timeout(timeout_s):
            document = await _query(args, token)
    except TimeoutError:
        return unknown(f"Prometheus did not answer within {timeout_s:g} s")
    except TransportError as error:
        return unknown(error.message)
    return judge_values(document, least=read_number(args, "min"), most=read_number(args, "max"))


def _find_token(args: Mapping[str, Json], environ: Mapping[str, str]) -> str:
    name, place = read_text(args, "token_env"), read_text(args, "token_file")
    if name:
        if name not in environ:
            raise TransportError(f"the environment variable {name} is not set")
        return environ[name].strip()
    if not place:
        return ""
    try:
        with Path(place).open(encoding="utf-8") as file:
            return file.read(TOKEN_BYTES_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TransportError(f"the token file {place} cannot be read") from error


async def _query(args: Mapping[str, Json], token: str) -> Json:
    import aiohttp

    url = read_text(args, "url").rstrip("/") + "/api/v1/query"
    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.get(
                url,
                params={"query": read_text(args, "query")},
                headers=headers,
                allow_redirects=False,
                ssl=_build_context(args),
            ) as answer,
        ):
            body, _ = await read_body(answer, ANSWER_BYTES_MAX)
            return _parse(answer.status, body)
    except aiohttp.ClientSSLError as error:
        raise TransportError("the certificate of Prometheus is not to be trusted") from error
    except (aiohttp.ClientError, OSError) as error:
        said = str(error) or type(error).__name__
        raise TransportError(f"Prometheus gave no answer: {said}") from error


def _parse(status: int, body: bytes) -> Json:
    try:
        document: Json = json.loads(body)
    except ValueError as error:
        raise TransportError(f"Prometheus answered {status}, and no JSON") from error
    return document


def _build_context(args: Mapping[str, Json]) -> ssl.SSLContext:
    place = read_text(args, "ca_file")
    try:
        return ssl.create_default_context(cafile=place or None)
    except (OSError, ssl.SSLError) as error:
        raise TransportError(f"the CA file {place} cannot be read") from error
