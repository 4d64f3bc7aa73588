"""From a request to its answer: who asks, what for, may they, and who answers."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.access.authentication import Authenticator
from bascule.lab.kubeapi.access.rbac import Attributes, Rbac
from bascule.lab.kubeapi.access.users import User
from bascule.lab.kubeapi.http import answers, discovery, pages, reading, watching, writing
from bascule.lab.kubeapi.http.call import Api, Call
from bascule.lab.kubeapi.http.formats import Wanted, parse_accept
from bascule.lab.kubeapi.http.paths import Target, parse_target
from bascule.lab.kubeapi.http.reading import PinnedLists
from bascule.lab.kubeapi.http.watching import WatchCutError, Watches
from bascule.lab.kubeapi.objects.statuses import StatusError

_LOG: Final = logging.getLogger(__name__)
_SHAPES: Final = frozenset(("table", "metadata"))

Handler = Callable[[Call], Awaitable[web.StreamResponse]]


class Dispatcher:
    """Answers every request of one cluster."""

    def __init__(self, api: Api, *, authenticator: Authenticator, rbac: Rbac) -> None:
        self._api = api
        self._authenticator = authenticator
        self._rbac = rbac
        self.watches = Watches()
        self.pinned = PinnedLists()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; every failure becomes a Status, a torn watch a torn connection."""
        warnings: list[str] = []
        try:
            return await self._answer(request, warnings)
        except StatusError as error:
            return answers.refusal(error, warnings=warnings)
        except WatchCutError:
            _tear(request)
            raise
        except (ConnectionResetError, web.HTTPException):
            raise
        except Exception:  # noqa: BLE001 - the server's door: a bug is answered by a 500
            _LOG.exception("request failed: %s %s", request.method, request.path)
            broken = StatusError("Internal error", code=500, reason="InternalError")
            return answers.refusal(broken)

    async def _answer(self, request: web.BaseRequest, warnings: list[str]) -> web.StreamResponse:
        user = self._authenticator.authenticate(
            _peer_certificate(request), request.headers.get("Authorization", "")
        )
        target = parse_target(request.method, request.path, request.query)
        self._rbac.check(user, _attributes(target))
        if not target.is_resource:
            return pages.page(self._api, request)
        return await self._resource(request, target, user, warnings)

    async def _resource(
        self, request: web.BaseRequest, target: Target, user: User, warnings: list[str]
    ) -> web.StreamResponse:
        found = discovery.served(
            self._api.store.kinds(), target.group, target.version, target.plural
        )
        if found is None:
            raise refusals.unknown_path()
        kind, version = found
        call = Call(
            api=self._api,
            request=request,
            target=target,
            kind=kind,
            version=version,
            user=user,
            wanted=parse_accept(request.headers.get("Accept", ""), _is_object_form),
            warnings=warnings,
        )
        return await self._handler(call)(call)

    def _handler(self, call: Call) -> Handler:
        target = call.target
        if target.subresource and target.subresource not in call.kind.subresources:
            raise refusals.unknown_path()
        if target.verb not in call.kind.verbs:
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

    async def _get(self, call: Call) -> web.StreamResponse:
        return reading.get(call)

    async def _list(self, call: Call) -> web.StreamResponse:
        return reading.list_objects(call, self.pinned)

    async def _watch(self, call: Call) -> web.StreamResponse:
        return await watching.watch(call, self.watches)


def _attributes(target: Target) -> Attributes:
    if not target.is_resource:
        return Attributes(verb=target.verb, path=target.path)
    return Attributes(
        verb=target.verb,
        group=target.group,
        version=target.version,
        plural=target.plural,
        subresource=target.subresource,
        namespace=target.namespace,
        name=target.name,
    )


def _is_object_form(form: Wanted) -> bool:
    return form.shape in _SHAPES


def _peer_certificate(request: web.BaseRequest) -> Mapping[str, Any] | None:
    transport = request.transport
    found = transport.get_extra_info("peercert") if transport is not None else None
    return found or None


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
