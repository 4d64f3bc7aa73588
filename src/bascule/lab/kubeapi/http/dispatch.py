"""From a request to its answer: who asks, what for, may they, and who answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.access.authentication import Authenticator
from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.kubeapi.access.rbac import Attributes, Rbac
from bascule.lab.kubeapi.access.tokens import TokenIssuer
from bascule.lab.kubeapi.access.users import AUTHENTICATED, User
from bascule.lab.kubeapi.faults import FaultBoard, Rule
from bascule.lab.kubeapi.http import (
    answers,
    discovery,
    evictions,
    openapi_v2,
    pages,
    pod_logs,
    reading,
    scale,
    subresources,
    watching,
    writing,
)
from bascule.lab.kubeapi.http.call import Api, Call
from bascule.lab.kubeapi.http.deprecations import DeprecatedUse
from bascule.lab.kubeapi.http.features import Feature
from bascule.lab.kubeapi.http.formats import Wanted, parse_accept
from bascule.lab.kubeapi.http.lab_pages import PREFIX, LabPages
from bascule.lab.kubeapi.http.openapi_pages import OpenApiPages
from bascule.lab.kubeapi.http.paths import Target, parse_target
from bascule.lab.kubeapi.http.reading import PinnedLists
from bascule.lab.kubeapi.http.reviews import PLURALS, Reviews
from bascule.lab.kubeapi.http.watching import WatchCutError, Watches
from bascule.lab.kubeapi.objects.statuses import StatusError

_LOG: Final = logging.getLogger(__name__)

Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that answers requests of one cluster."""

    api: Api
    authenticator: Authenticator
    rbac: Rbac
    reviews: Reviews
    openapi: OpenApiPages
    board: FaultBoard
    lab: LabPages
    watches: Watches
    pinned: PinnedLists
    certificates: Certificates
    tokens: TokenIssuer
    deprecated: DeprecatedUse


class Dispatcher:
    """Answers every request of one cluster."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._api = parts.api

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; every failure becomes a Status, a cut watch a torn connection."""
        warnings: list[str] = []
        try:
            return await self._answer(request, warnings)
        except StatusError as error:
            return answers.refusal(error, warnings=warnings)
        except WatchCutError as cut:
            _tear(request)
            raise ConnectionResetError from cut
        except ConnectionResetError:
            raise
        except Exception:  # noqa: BLE001 - the server's door: a bug is answered by a 500
            _LOG.exception("request failed: %s %s", request.method, request.path)
            broken = StatusError("Internal error", code=500, reason="InternalError")
            return answers.refusal(broken)

    async def _answer(self, request: web.BaseRequest, warnings: list[str]) -> web.StreamResponse:
        user = self._user(request)
        if request.path.startswith(PREFIX):
            return await self._parts.lab.page(request, user)
        target = parse_target(request.method, request.path, request.query)
        rule = self._parts.board.hit(target, user.name)
        if rule is not None:
            await self._suffer(request, rule)
        if self._api.has(Feature.RBAC):
            self._parts.rbac.check(user, _attributes(target))
        if target.is_resource:
            return await self._resource(request, target, user, warnings)
        return self._page(request)

    def _page(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith("/openapi/v3") and self._api.has(Feature.OPENAPI):
            return self._parts.openapi.page(request)
        if path == openapi_v2.PATH and self._api.has(Feature.OPENAPI):
            return openapi_v2.page()
        if path == "/metrics":
            return web.Response(text=self._parts.deprecated.metrics())
        if path == "/openid/v1/jwks":
            return answers.answer(self._parts.tokens.key_set())
        return pages.page(self._api, request)

    async def _resource(
        self, request: web.BaseRequest, target: Target, user: User, warnings: list[str]
    ) -> web.StreamResponse:
        found = discovery.served(
            self._api.store.kinds(), target.group, target.version, target.plural
        )
        if found is None:
            raise refusals.unknown_path()
        kind, version = found
        wanted = parse_accept(request.headers.get("Accept", ""), self._is_object_form)
        call = Call(
            api=self._api,
            request=request,
            target=target,
            kind=kind,
            version=version,
            user=user,
            wanted=wanted,
            warnings=warnings,
        )
        self._parts.deprecated.note(call)
        return await self._handler(call)(call)

    def _handler(self, call: Call) -> Handler:
        target = call.target
        if target.plural in PLURALS and call.kind.group.startswith(("authentic", "authoriz")):
            return self._parts.reviews.create
        if target.subresource and target.subresource != "status":
            return self._subresource_handler(call)
        if target.subresource and not call.kind.has_status:
            raise refusals.unknown_path()
        if target.plural == "bindings" and not call.kind.group:
            return subresources.bind
        if target.verb not in call.kind.verbs:
            raise _method_not_allowed()
        if target.verb == "watch" and not self._api.has(Feature.WATCHES):
            raise _method_not_allowed()
        by_verb: Mapping[str, Handler] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": writing.create,
            "update": writing.update,
            "patch": writing.patch,
            "delete": writing.delete,
            "deletecollection": writing.delete_collection,
        }
        return by_verb[target.verb]

    def _subresource_handler(self, call: Call) -> Handler:
        name = call.target.subresource
        if call.resource == "pods" and name in _OF_PROGRAMS:
            raise refusals.no_programs(name)
        switch = _SWITCH_BY_SUBRESOURCE.get(name)
        if name not in call.kind.subresources or (switch and not self._api.has(switch)):
            raise refusals.unknown_path()
        by_name: Mapping[str, Handler] = {
            "approval": self._approve,
            "binding": subresources.bind,
            "ephemeralcontainers": self._get if call.target.verb == "get" else writing.patch,
            "eviction": evictions.evict,
            "finalize": subresources.finalize,
            "log": self._read_log,
            "scale": scale.scale,
            "token": self._request_token,
        }
        return by_name[name]

    async def _get(self, call: Call) -> web.StreamResponse:
        return reading.get(call)

    async def _list(self, call: Call) -> web.StreamResponse:
        return reading.list_objects(call, self._parts.pinned)

    async def _watch(self, call: Call) -> web.StreamResponse:
        return await watching.watch(call, self._parts.watches)

    async def _approve(self, call: Call) -> web.StreamResponse:
        return await subresources.approve(call, self._parts.certificates)

    async def _read_log(self, call: Call) -> web.StreamResponse:
        return await pod_logs.read(call, self._api.logs)

    async def _request_token(self, call: Call) -> web.StreamResponse:
        return await subresources.request_token(call, self._parts.tokens)

    def _user(self, request: web.BaseRequest) -> User:
        """Return who asks; with the right to, as somebody else (`kubectl --as`)."""
        authorization = request.headers.get("Authorization", "")
        user = self._parts.authenticator.authenticate(_peer_certificate(request), authorization)
        name = request.headers.get("Impersonate-User", "")
        if not name:
            return user
        wanted = Attributes(verb="impersonate", plural="users", name=name)
        self._parts.rbac.check(user, wanted)
        groups = tuple(request.headers.getall("Impersonate-Group", ()))
        for group in groups:
            self._parts.rbac.check(
                user, Attributes(verb="impersonate", plural="groups", name=group)
            )
        return User(name=name, groups=(*groups, AUTHENTICATED))

    async def _suffer(self, request: web.BaseRequest, rule: Rule) -> None:
        if rule.delay_ms:
            await asyncio.sleep(rule.delay_ms / 1000)
        if rule.tear or rule.tear_after_bytes:
            if rule.tear_after_bytes:
                await _send_torn(request, rule.tear_after_bytes)
            raise WatchCutError
        if rule.status:
            raise rule.to_error()

    def _is_object_form(self, form: Wanted) -> bool:
        if form.shape == "table":
            return self._api.has(Feature.TABLES)
        return form.shape == "metadata"


_OF_PROGRAMS: Final = frozenset(("attach", "exec", "portforward", "proxy"))
_SWITCH_BY_SUBRESOURCE: Final[Mapping[str, Feature]] = {
    "log": Feature.LOGS,
    "scale": Feature.SCALE,
    "token": Feature.TOKEN_REQUESTS,
}


def _attributes(target: Target) -> Attributes:
    if not target.is_resource:
        return Attributes(verb=target.verb, path=target.path)
    return Attributes(
        verb=target.verb,
        group=target.group,
        version=target.version,
        plural=target.plural,
        subresource=target.subresource,
        namespace=target.scope,
        name=target.name,
    )


def _peer_certificate(request: web.BaseRequest) -> Mapping[str, Any] | None:
    transport = request.transport
    found = transport.get_extra_info("peercert") if transport is not None else None
    return found or None


async def _send_torn(request: web.BaseRequest, length: int) -> None:
    """Begin an answer that will never be complete."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = length + 1
    await response.prepare(request)
    await response.write(b"{" + b" " * (length - 1))


def _tear(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


def _method_not_allowed() -> StatusError:
    return StatusError(
        "the server does not allow this method on the requested resource",
        code=405,
        reason="MethodNotAllowed",
        details={},
    )
