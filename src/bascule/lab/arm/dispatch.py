"""Where a request goes once it may: the resource provider of its namespace, or the core's pages."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bascule.lab.arm.operation_pages import answer_poll, is_operation_page
from bascule.lab.arm.paths import ArmPath, parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest, Caller
from bascule.lab.arm.world import ArmWorld, Provider

_BY_GATEWAY = {"x-ms-failure-cause": "gateway"}
_SHOWS_ALL = {"microsoft.authorization", "microsoft.compute", "microsoft.insights"}

_DEPLOYMENTS = "deployments"
"""Found below a group itself as well, where az looks for their operations."""

Pages = Callable[[ArmRequest], Awaitable[ArmReply]]
Authorize = Callable[[ArmRequest], None]
"""Returns if the caller may make this request. Raises ArmRefusal (403, or 409 by a lock)."""


def allow_everything(_request: ArmRequest) -> None:
    """Let everybody do everything: a lab without authorisation."""


class Dispatcher:
    """Authorises a request and has it answered; `on_answer` sees each with its answer.

    Deployments and the deletion of groups use it too, for the requests that they make on behalf
    of their caller.
    """

    def __init__(
        self,
        world: ArmWorld,
        providers: Sequence[Provider] = (),
        *,
        core: Pages | None = None,
        authorize: Authorize = allow_everything,
    ) -> None:
        self._world = world
        self._by_namespace = {each.namespace.lower(): each for each in providers}
        self.core = core
        self.authorize: Authorize = authorize
        self.on_answer: Callable[[ArmRequest, ArmReply], None] = lambda _request, _reply: None

    def add(self, provider: Provider) -> None:
        """Have a namespace answered by this provider."""
        self._by_namespace[provider.namespace.lower()] = provider

    async def handle(self, request: ArmRequest) -> ArmReply:
        """Answer a request. Raises ArmRefusal."""
        try:
            reply = await self._handle(request)
        except ArmRefusal as refusal:
            self.on_answer(request, refusal.render())
            raise
        self.on_answer(request, reply)
        return reply

    async def _handle(self, request: ArmRequest) -> ArmReply:
        if is_operation_page(request.path):
            return answer_poll(self._world, request)
        self._check_subscription(request.path)
        is_partial = _is_list_of_subscription(request) and not self._may(request)
        if not is_partial:
            self.authorize(request)
        self._check_group(request.path)
        reply = await self._answer(request)
        return self._only_readable(request, reply) if is_partial else reply

    def can_read(self, caller: Caller, document: dict[str, Any]) -> bool:
        """Say whether a caller may read a resource."""
        return self._may(ArmRequest(method="GET", path=parse_path(document["id"]), caller=caller))

    def _may(self, request: ArmRequest) -> bool:
        try:
            self.authorize(request)
        except ArmRefusal:
            return False
        return True

    def _check_subscription(self, path: ArmPath) -> None:
        known = self._world.settings.subscription_id
        if path.subscription and path.subscription.lower() != known.lower():
            raise ArmRefusal(
                404,
                "SubscriptionNotFound",
                f"The subscription '{path.subscription}' could not be found.",
                headers=_BY_GATEWAY,
            )

    def _check_group(self, path: ArmPath) -> None:
        if not path.group or not (path.namespace or path.parts):
            return
        group = f"/subscriptions/{path.subscription}/resourceGroups/{path.group}"
        if self._world.resources.find(group) is None:
            raise group_not_found(path.group)

    async def _answer(self, request: ArmRequest) -> ArmReply:
        path = request.path
        is_short = not path.namespace and path.group and path.parts[:1] == (_DEPLOYMENTS,)
        namespace = "microsoft.resources" if is_short else path.namespace.lower()
        provider = self._by_namespace.get(namespace)
        is_core = not namespace or not path.parts or path.parts[-1].lower() == "register"
        if is_core and self.core is not None:
            return await self.core(request)
        if provider is None:
            raise ArmRefusal(
                404,
                "InvalidResourceNamespace",
                f"The resource namespace '{path.namespace}' is invalid.",
                headers=_BY_GATEWAY,
            )
        return await provider.handle(request)

    def _only_readable(self, request: ArmRequest, reply: ArmReply) -> ArmReply:
        """Leave out of a list what the caller may not read."""
        items = [each for each in reply.body["value"] if self.can_read(request.caller, each)]
        return ArmReply(
            status=reply.status, body={**reply.body, "value": items}, headers=reply.headers
        )


def group_not_found(name: str) -> ArmRefusal:
    """Return the answer to requests in a resource group that is not there."""
    return ArmRefusal(
        404,
        "ResourceGroupNotFound",
        f"Resource group '{name}' could not be found.",
        headers=_BY_GATEWAY,
    )


def resource_not_found(path: ArmPath) -> ArmRefusal:
    """Return the answer of ARM itself to a request for a resource that is not there."""
    kind = "/".join((path.namespace, *path.parts[::2]))
    name = "/".join(path.names)
    where = f" under resource group '{path.group}'" if path.group else ""
    return ArmRefusal(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}'{where} was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
        headers=_BY_GATEWAY,
    )


def _is_list_of_subscription(request: ArmRequest) -> bool:
    path = request.path
    is_list = path.is_collection and len(path.parts) == 1
    is_below = not path.group and path.scope.count("/") == 2
    is_of_resources = path.namespace.lower() not in _SHOWS_ALL
    return request.method == "GET" and is_list and is_below and is_of_resources
