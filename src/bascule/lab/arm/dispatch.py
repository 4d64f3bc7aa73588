"""Where a request goes once it may: the resource provider of its namespace, or the core's pages."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bascule.lab.arm.actions import Authorize, action_of, allow_everything
from bascule.lab.arm.operation_pages import answer_poll, is_operation_page
from bascule.lab.arm.paths import ArmPath, parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest, Caller
from bascule.lab.arm.world import ArmWorld, Provider

Pages = Callable[[ArmRequest], Awaitable[ArmReply]]


class Dispatcher:
    """Authorises a request and has it answered.

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

    def add(self, provider: Provider) -> None:
        """Have a namespace answered by this provider."""
        self._by_namespace[provider.namespace.lower()] = provider

    async def handle(self, request: ArmRequest) -> ArmReply:
        """Answer a request. Raises ArmRefusal."""
        if is_operation_page(request.path):
            return self._poll(request)
        refusal = self._may(request)
        if refusal is not None and not _is_list_of_subscription(request):
            raise refusal
        self._check_scope(request)
        reply = await self._answer(request)
        return reply if refusal is None else self._only_readable(request.caller, reply)

    def can_read(self, caller: Caller, document: dict[str, Any]) -> bool:
        """Say whether a caller may read a resource."""
        path = parse_path(document["id"])
        action, scope = action_of("GET", path)
        return self.authorize(caller, action, scope) is None

    def _may(self, request: ArmRequest) -> ArmRefusal | None:
        if not request.path.subscription:
            return None
        action, scope = action_of(request.method, request.path)
        return self.authorize(request.caller, action, scope)

    def _poll(self, request: ArmRequest) -> ArmReply:
        operation = self._world.operations.find(request.path.key.rpartition("/")[2])
        if operation is not None and request.path.namespace:
            action, _ = action_of("GET", request.path)
            refusal = self.authorize(request.caller, action, operation.resource_id)
            if refusal is not None:
                raise refusal
        return answer_poll(self._world, request)

    def _check_scope(self, request: ArmRequest) -> None:
        path, known = request.path, self._world.settings.subscription_id
        if path.subscription and path.subscription.lower() != known.lower():
            raise ArmRefusal(
                404,
                "SubscriptionNotFound",
                f"The subscription '{path.subscription}' could not be found.",
            )
        if path.group and (path.namespace or path.parts):
            self._check_group(path)

    def _check_group(self, path: ArmPath) -> None:
        group = f"/subscriptions/{path.subscription}/resourceGroups/{path.group}"
        if self._world.resources.find(group) is None:
            raise group_not_found(path.group)

    async def _answer(self, request: ArmRequest) -> ArmReply:
        path = request.path
        provider = self._by_namespace.get(path.namespace.lower())
        is_core = not path.namespace or not path.parts or path.parts[-1].lower() == "register"
        if is_core and self.core is not None:
            return await self.core(request)
        if provider is None:
            raise ArmRefusal(
                404,
                "InvalidResourceNamespace",
                f"The resource namespace '{path.namespace}' is invalid.",
            )
        return await provider.handle(request)

    def _only_readable(self, caller: Caller, reply: ArmReply) -> ArmReply:
        """Leave out of a list what the caller may not read."""
        items = [each for each in reply.body["value"] if self.can_read(caller, each)]
        return ArmReply(
            status=reply.status, body={**reply.body, "value": items}, headers=reply.headers
        )


def group_not_found(name: str) -> ArmRefusal:
    """Return the answer to requests in a resource group that is not there."""
    return ArmRefusal(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


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
        headers={"x-ms-failure-cause": "gateway"},
    )


def _is_list_of_subscription(request: ArmRequest) -> bool:
    path = request.path
    is_list = path.is_collection and len(path.parts) == 1
    return request.method == "GET" and is_list and not path.group and path.scope.count("/") == 2
