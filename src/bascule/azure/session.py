"""Sends requests to one cloud's ARM until one is answered or the table of decisions says stop."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never
from urllib.parse import quote, urlencode, urljoin, urlsplit
from uuid import UUID

import structlog

from bascule.azure.clouds import Cloud
from bascule.azure.credentials import Credential
from bascule.azure.decisions import (
    Attempt,
    Decision,
    Effect,
    GiveUp,
    OutcomeUnknown,
    ReadAgain,
    RefreshToken,
    Retry,
    decide,
)
from bascule.azure.errors import LostAnswerError, NoAnswerError, ReadAgainError, build_error
from bascule.azure.extra import needs_azure
from bascule.azure.refusals import Refusal, parse_refusal
from bascule.azure.trust import Trust, build_ssl_context
from bascule.clock import Clock
from bascule.errors import ApiError, InvariantError

if TYPE_CHECKING:
    from bascule.azure.pipeline import Answer, Pipeline

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.azure")
_SAFE = "/()!$&'*+,;=:@~-._"
HTTPS_PORT = 443
WAIT_LOGGED_S = 5.0
"""Waits longer than this are told to the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmLimits:
    """How long one client waits for what; tries are counted in `decisions`."""

    connect_s: float = 10.0
    read_s: float = 30.0
    """The longest silence of ARM within the answer to what only reads."""
    write_s: float = 75.0
    """The same for what writes: ARM itself gives up after a minute."""
    throttled_wait_max_s: float = 300.0
    """What asks for a longer wait than this is raised instead."""
    pages_max: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: a path below ARM's root, or a whole URL that ARM gave."""

    method: str
    place: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    if_match: str = ""
    effect: Effect = Effect.NONE
    correlation_id: str = ""
    """By which the activity log names it; empty: the one of all requests of this client."""


class Session:
    """Signed requests to one cloud. An async context manager."""

    def __init__(
        self,
        cloud: Cloud,
        credential: Credential,
        *,
        clock: Clock,
        trust: Trust,
        limits: ArmLimits,
        make_id: Callable[[], UUID],
    ) -> None:
        self._cloud = cloud
        self._credential = credential
        self._clock = clock
        self._trust = trust
        self._limits = limits
        self._make_id = make_id
        self._correlation_id = str(make_id())
        self._stack = AsyncExitStack()
        self._opened: Pipeline | None = None

    async def __aenter__(self) -> Self:
        with needs_azure():
            from bascule.azure.pipeline import Pipeline
        pipeline = Pipeline(
            self._credential,
            self._cloud.scope,
            context=build_ssl_context(self._trust),
            connect_s=self._limits.connect_s,
        )
        self._opened = await self._stack.enter_async_context(pipeline)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened = None
        await self._stack.aclose()

    async def send(self, call: Call) -> "Answer":
        """Return the 2xx answer.

        Raises ApiError for a no, ReadAgainError and LostAnswerError as `decisions` has it, and
        TransportError when no answer came and nothing can have happened.
        """
        url = self._url(call)
        request = f"{call.method} {_told(url)}"
        attempt: Attempt | None = None
        while True:  # ends: `decide` gives up after TRIES_MAX failures
            result = await self._try(call, url, request)
            if not isinstance(result, Refusal | NoAnswerError):
                return result
            attempt = _next_attempt(call, result, attempt)
            await self._act(decide(attempt), _failure(result, request))
            attempt = replace(attempt, is_token_new=attempt.is_token_new or attempt.status == 401)

    async def _try(self, call: Call, url: str, request: str) -> "Answer | Refusal | NoAnswerError":
        headers = {
            "accept": "application/json",
            "user-agent": "bascule",
            "x-ms-client-request-id": str(self._make_id()),
            "x-ms-correlation-request-id": call.correlation_id or self._correlation_id,
        }
        if call.body is not None:
            headers["content-type"] = "application/json"
        if call.if_match:
            headers["if-match"] = call.if_match
        try:
            is_reading = call.effect is Effect.NONE
            answer = await self._pipeline.send(
                call.method,
                url,
                headers=headers,
                body=call.body,
                silence_s=self._limits.read_s if is_reading else self._limits.write_s,
                request=request,
            )
        except NoAnswerError as error:
            _LOG.debug("no answer", request=request, why=error.message)
            return error
        ids = {name: answer.headers[name] for name in _IDS if name in answer.headers}
        _LOG.debug("answer", request=request, status=answer.status, **ids)
        if answer.status < 300:
            return answer
        return parse_refusal(answer.status, answer.body, answer.headers)

    async def _act(self, decision: Decision, failure: ApiError | NoAnswerError) -> None:
        """Return when the same is to be sent again; raise otherwise."""
        match decision:
            case Retry(after_s=after_s):
                await self._wait(after_s, failure)
            case RefreshToken():
                self._pipeline.refuse_token()
            case ReadAgain(after_s=after_s):
                raise _read_again(failure, after_s) from failure
            case OutcomeUnknown():
                raise LostAnswerError(
                    f"{failure.message}; whether it took place is not known",
                    remedy="read the resource, then decide anew",
                ) from failure
            case GiveUp():
                raise failure
            case _:
                assert_never(decision)

    async def _wait(self, after_s: float, failure: ApiError | NoAnswerError) -> None:
        if after_s > self._limits.throttled_wait_max_s:
            raise failure
        log = _LOG.warning if after_s >= WAIT_LOGGED_S else _LOG.debug
        log("waiting to ask again", after_s=after_s, why=failure.message)
        await self._clock.sleep_until(self._clock.monotonic_s() + after_s)

    @property
    def _pipeline(self) -> "Pipeline":
        if self._opened is None:
            raise InvariantError("requests are sent only while the client is entered")
        return self._opened

    def _url(self, call: Call) -> str:
        """Return the whole URL; the token goes to this cloud's ARM and nowhere else."""
        root = self._cloud.resource_manager
        if call.place.startswith("/") and "?" not in call.place:
            query = f"?{urlencode(call.query, quote_via=quote)}" if call.query else ""
            return root + quote(call.place, safe=_SAFE) + query
        url = urljoin(root, call.place)
        if not _is_own(url, root):
            raise ApiError(
                f"{_told(url)} is not an address of {root}; nothing was sent there",
                remedy=f"check that this is a matter of the cloud {self._cloud.name}",
            )
        return url


def _is_own(url: str, root: str) -> bool:
    """Whether `url` leads to the server at `root`, or to a host below its name."""
    asked, own = urlsplit(url), urlsplit(root)
    host, own_host = asked.hostname or "", own.hostname or ""
    is_same_port = (asked.port or HTTPS_PORT) == (own.port or HTTPS_PORT)
    is_host = host == own_host or host.endswith(f".{own_host}")
    return asked.scheme == "https" and is_host and is_same_port


_IDS = ("x-ms-request-id", "x-ms-correlation-request-id")


def _told(url: str) -> str:
    """Return a URL without its query, which may hold a signature."""
    return urlsplit(url)._replace(query="").geturl()


def _next_attempt(call: Call, result: Refusal | NoAnswerError, last: Attempt | None) -> Attempt:
    this = Attempt(effect=call.effect, status=0)
    if isinstance(result, Refusal):
        this = replace(
            this,
            status=result.status,
            codes=result.codes,
            message=result.message,
            retry_after_s=result.retry_after_s,
        )
        may_have_landed = this.is_silent
    else:
        this = replace(this, is_lasting=result.is_lasting)
        may_have_landed = result.is_sent
    if last is None:
        return replace(this, may_have_landed=may_have_landed)
    return replace(
        this,
        failures=last.failures + 1,
        is_token_new=last.is_token_new,
        may_have_landed=may_have_landed or last.may_have_landed,
    )


def _failure(result: Refusal | NoAnswerError, request: str) -> ApiError | NoAnswerError:
    return build_error(result, request=request) if isinstance(result, Refusal) else result


def _read_again(failure: ApiError | NoAnswerError, after_s: float) -> ReadAgainError:
    status = failure.status if isinstance(failure, ApiError) else 0
    reason = failure.reason if isinstance(failure, ApiError) else ""
    return ReadAgainError(
        failure.message,
        status=status,
        reason=reason,
        remedy=failure.remedy or "something else changes this resource: start again",
        retry_after_s=after_s,
    )
