"""The way of a request through the lab's Azure: who asks, what stands in the way, who answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from bascule.lab.arm.admin import PREFIX as ADMIN_PREFIX
from bascule.lab.arm.admin import AdminPages
from bascule.lab.arm.bodies import parse_body
from bascule.lab.arm.counters import is_read
from bascule.lab.arm.dispatch import Dispatcher
from bascule.lab.arm.entra.metadata import LOGS
from bascule.lab.arm.entra.pages import EntraPages
from bascule.lab.arm.faults import FaultRule, refusal_of
from bascule.lab.arm.logs.pages import AUDIENCE as LOGS_AUDIENCE
from bascule.lab.arm.logs.pages import LogPages
from bascule.lab.arm.operation_pages import is_operation_page
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.world import ArmWorld

HANG_LIMIT_S: Final = 3_600.0
_ROOTS: Final = {"subscriptions", "providers", "tenants"}
_FREE_OF_VERSION: Final = {"tenants"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A request as it came over the wire; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class AnswerLostError(Exception):
    """The connection is to be broken off instead of an answer."""


class Front:
    """Answers everything that comes over HTTPS.

    `on_write` is called after each write, before its answer goes out.
    """

    def __init__(
        self,
        world: ArmWorld,
        dispatcher: Dispatcher,
        *,
        entra: EntraPages,
        admin: AdminPages,
        logs: LogPages | None = None,
        make_request_id: Callable[[], UUID],
        on_write: Callable[[], None],
    ) -> None:
        self._world = world
        self._dispatcher = dispatcher
        self._entra = entra
        self._admin = admin
        self._logs = logs
        self._make_request_id = make_request_id
        self._on_write = on_write

    async def answer(self, raw: RawRequest) -> ArmReply:
        """Answer a request. Raises AnswerLostError."""
        segments = tuple(part for part in raw.path.split("/") if part)
        root = segments[0].lower() if segments else ""
        correlation_id = raw.headers.get("x-ms-correlation-request-id") or str(
            self._make_request_id()
        )
        try:
            if root == ADMIN_PREFIX:
                return self._admin.answer(raw.method, segments[1:], raw.headers, raw.body)
            if root == LOGS and self._logs is not None:
                reply = await self._query_logs(self._logs, raw, segments[1:])
            elif root in _ROOTS:
                reply = await self._arm(raw, correlation_id)
            else:
                reply = await self._entra.answer(raw, segments)
        except ArmRefusal as refusal:
            reply = refusal.render()
        return self._dressed(raw, reply, correlation_id)

    async def _query_logs(
        self, logs: LogPages, raw: RawRequest, segments: Sequence[str]
    ) -> ArmReply:
        own = f"{self._world.settings.url}/{LOGS}"
        caller = self._entra.desk.authenticate(
            raw.headers.get("authorization", ""), (own, LOGS_AUDIENCE)
        )
        return await logs.answer(raw.method, segments, parse_body(raw.body), caller)

    # The way of a request to ARM.

    async def _arm(self, raw: RawRequest, correlation_id: str) -> ArmReply:
        caller = self._entra.desk.authenticate(raw.headers.get("authorization", ""))
        path = parse_path("/" + "/".join(part for part in raw.path.split("/") if part))
        request = ArmRequest(
            method=raw.method,
            path=path,
            caller=caller,
            query=raw.query,
            headers=raw.headers,
            correlation_id=correlation_id,
        )
        status = 0
        try:
            left = self._admin.throttle.take(caller, raw.method, path)
            rule = self._admin.faults.strike(raw.method, path, caller)
            reply = await self._under(rule, replace(request, body=parse_body(raw.body)))
            status = reply.status
        except ArmRefusal as refusal:
            status = refusal.status
            raise
        finally:
            self._admin.counters.add(caller, raw.method, path, status)
        return replace(reply, headers={**left, **reply.headers})

    async def _under(self, rule: FaultRule | None, request: ArmRequest) -> ArmReply:
        """Answer a request that may fall under a fault."""
        if rule is None:
            return await self._answer(request)
        if rule.kind == "hang":
            await self._hang(rule.seconds or HANG_LIMIT_S)
            raise AnswerLostError
        if rule.kind == "lose":
            await self._answer(request)
            raise AnswerLostError
        raise refusal_of(rule, request.path)

    async def _hang(self, seconds: float) -> None:
        clock = self._world.clock
        await clock.sleep_until(clock.monotonic_s() + seconds)

    async def _answer(self, request: ArmRequest) -> ArmReply:
        is_write = not is_read(request.method, request.path)
        try:
            _check_version(request)
            # What a HEAD says a GET says too; `_dressed` leaves out its body.
            asked = replace(request, method="GET") if request.method == "HEAD" else request
            reply = await self._dispatcher.handle(asked)
        except ArmRefusal as refusal:
            reply = refusal.render()
        if is_write:
            self._on_write()
        return self._paged(request, reply)

    def _paged(self, request: ArmRequest, reply: ArmReply) -> ArmReply:
        """Cut a list into pages, as the lab was told to."""
        pages = self._admin.settings
        is_list = isinstance(reply.body, dict) and isinstance(reply.body.get("value"), list)
        if request.method != "GET" or not is_list or not pages.page_size:
            return reply
        items = reply.body["value"]
        token = request.query.get("$skiptoken", "")
        start = int(token) if token.isdigit() else 0
        is_led = pages.leads_with_empty_page and not token
        shown = [] if is_led else items[start : start + pages.page_size]
        body = {**reply.body, "value": shown}
        after = start + len(shown)
        if after < len(items) or is_led:
            query = urlencode({**request.query, "$skiptoken": str(after)})
            body["nextLink"] = f"{self._world.settings.url}{quote(request.path.text)}?{query}"
        return replace(reply, body=body)

    # What every answer carries.

    def _dressed(self, raw: RawRequest, reply: ArmReply, correlation_id: str) -> ArmReply:
        request_id = str(self._make_request_id())
        moment = self._world.clock.now().strftime("%Y%m%dT%H%M%SZ")
        routing = f"{self._world.settings.location.upper()}:{moment}:{request_id}"
        headers = {
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "x-ms-request-id": request_id,
            "x-ms-correlation-request-id": correlation_id,
            "x-ms-routing-request-id": routing,
        }
        client = raw.headers.get("x-ms-client-request-id")
        if client and raw.headers.get("x-ms-return-client-request-id", "").lower() == "true":
            headers["x-ms-client-request-id"] = client
        if raw.method == "HEAD":
            status = 204 if reply.status == 200 else reply.status
            reply = replace(reply, status=status, body=None)
        return replace(reply, headers={**headers, **reply.headers})


def _check_version(request: ArmRequest) -> None:
    root = request.path.key.split("/")[1]
    if request.query.get("api-version") or root in _FREE_OF_VERSION:
        return
    if is_operation_page(request.path):
        return
    raise ArmRefusal(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def parse_query(text: str) -> dict[str, str]:
    """Return a query string's parameters; of one given twice the last counts."""
    return dict(parse_qsl(text, keep_blank_values=True))
