"""Microsoft.ContainerService: answers each request, and begins what takes long."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from typing_extensions import override

from bascule.lab.arm.answers import answer_begun
from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.containers import changes, versions
from bascule.lab.arm.containers.births import Births
from bascule.lab.arm.containers.clusters import changed_cluster, derive
from bascule.lab.arm.containers.credentials import build_credentials
from bascule.lab.arm.containers.desk import ClusterDesk, cluster_id_of, refuse_if_match
from bascule.lab.arm.containers.lifecycle import Lifecycle
from bascule.lab.arm.containers.pool_pages import PoolPages
from bascule.lab.arm.containers.refusals import (
    bad_request,
    no_static_credential,
)
from bascule.lab.arm.containers.starter import ClusterStarter
from bascule.lab.arm.containers.subnets import CLUSTERS, check_room
from bascule.lab.arm.containers.upgrades import (
    render_profile,
)
from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld, Provider

MAINTENANCE: Final = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"
Answer = Callable[[ArmRequest], Awaitable[ArmReply]]


class ContainerServiceProvider(Provider):
    """Managed clusters and their pools; `starter` runs what they stand for."""

    namespace = "Microsoft.ContainerService"

    def __init__(
        self,
        world: ArmWorld,
        starter: ClusterStarter,
        principals: Principals,
        quotas: Quotas,
        *,
        sign_in_key: Mapping[str, str] | None = None,
    ) -> None:
        self._world = world
        self._starter = starter
        self._quotas = quotas
        self._lifecycle = Lifecycle(world, starter, principals, dict(sign_in_key or {}))
        self._desk = ClusterDesk(world, self._lifecycle)
        pools = PoolPages(world, self._desk, self._lifecycle, quotas)
        self._births = Births(world, principals, quotas)
        self._answers: Mapping[str, Answer] = {
            "managedclusters": self._cluster,
            "managedclusters/agentpools": pools.answer,
            "managedclusters/agentpools/abort": self._abort,
            "managedclusters/agentpools/upgradenodeimageversion": pools.upgrade_image,
            "managedclusters/agentpools/upgradeprofiles": pools.upgrades,
            "managedclusters/availableagentpoolversions": pools.versions,
            "managedclusters/upgradeprofiles": self._upgrades,
            "managedclusters/listclusteradmincredential": self._admin_credential,
            "managedclusters/listclusterusercredential": self._user_credential,
            "managedclusters/start": self._start,
            "managedclusters/stop": self._stop,
            "managedclusters/abort": self._abort,
            "managedclusters/maintenanceconfigurations": self._maintenance,
            "locations/kubernetesversions": self._versions,
        }

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        kind = request.path.kind.partition("/")[2]
        answer = self._answers.get(kind)
        if answer is None:
            raise ArmRefusal(
                404,
                "InvalidResourceType",
                f"The resource type '{kind}' could not be found in the namespace "
                "'Microsoft.ContainerService'.",
                headers={"x-ms-failure-cause": "gateway"},
            )
        return await answer(request)

    async def start(self) -> None:
        """Have the clusters of before run again, after the lab was started again."""
        await self._lifecycle.recover()

    def on_roles_changed(self) -> None:
        """Have Entra clusters know who may do what in them now."""
        self._lifecycle.allow_all()

    async def stop(self) -> None:
        """End the processes of all clusters; their data stay."""
        await self._starter.close()

    # Clusters.

    async def _cluster(self, request: ArmRequest) -> ArmReply:
        if request.path.is_collection:
            found = self._world.resources.of_type(CLUSTERS, request.path.scope)
            return ArmReply(body={"value": list(found)})
        match request.method:
            case "GET" | "HEAD":
                return ArmReply(body=self._desk.find(request.path))
            case "PUT":
                return self._put(request)
            case "PATCH":
                return self._patch(request)
            case "DELETE":
                return self._delete(request)
            case _:
                raise _not_allowed(request)

    def _put(self, request: ArmRequest) -> ArmReply:
        body: dict[str, Any] = request.body if isinstance(request.body, dict) else {}
        existing = self._world.resources.find(cluster_id_of(request.path))
        if existing is not None:
            return self._change(request, existing, body)
        refuse_if_match(request, None)
        document = self._births.bear(request, body)
        self._world.resources.put(document)
        operation = self._lifecycle.begin(changes.CREATE, document)
        return answer_begun(self._world, request, operation, status=201, body=document)

    def _change(self, request: ArmRequest, existing: Document, body: dict[str, Any]) -> ArmReply:
        self._desk.refuse_unready(existing)
        refuse_if_match(request, existing)
        properties: Mapping[str, Any] = body.get("properties") or {}
        document = changed_cluster(existing, body)
        document = changes.with_version(document, properties.get("kubernetesVersion") or "")
        listed = properties.get("agentPoolProfiles") or []
        document = changes.with_changed_pools(document, listed, self._desk.new_tag)
        record = self._lifecycle.record(document)
        derive(document, self._world.settings.tenant_id, record["issuer"])
        check_room(self._world.resources, document)
        self._quotas.check(document)
        change = changes.change_between(existing, document)
        self._desk.mark(document, change.state)
        replaced = changes.pools_to_replace(existing, document)
        operation = self._lifecycle.begin(
            change, document, replaced="*" if len(replaced) > 1 else "".join(replaced)
        )
        return answer_begun(self._world, request, operation, status=200, body=document)

    def _patch(self, request: ArmRequest) -> ArmReply:
        document = self._desk.find(request.path)
        self._desk.refuse_busy(document)
        document["tags"] = dict((request.body or {}).get("tags") or {})
        document["eTag"] = self._desk.new_tag()
        self._world.resources.put(document)
        return ArmReply(body=document)

    def _delete(self, request: ArmRequest) -> ArmReply:
        document = self._world.resources.find(cluster_id_of(request.path))
        if document is None:
            return ArmReply(status=204)
        refuse_if_match(request, document)
        if document["properties"]["provisioningState"] == "Deleting":
            self._desk.refuse_busy(document)
        operation = self._lifecycle.begin_delete(changes.DELETE, document)
        self._desk.mark(document, "Deleting")
        return self._desk.accepted(request, operation)

    # Versions.

    async def _upgrades(self, request: ArmRequest) -> ArmReply:
        return ArmReply(body=render_profile(self._desk.find(request.path)))

    async def _versions(self, _request: ArmRequest) -> ArmReply:
        return ArmReply(body=versions.render_versions())

    # Credentials.

    async def _admin_credential(self, request: ArmRequest) -> ArmReply:
        return self._credential(request, is_admin=True)

    async def _user_credential(self, request: ArmRequest) -> ArmReply:
        return self._credential(request, is_admin=False)

    def _credential(self, request: ArmRequest, *, is_admin: bool) -> ArmReply:
        document = self._desk.find(request.path)
        if is_admin and document["properties"]["disableLocalAccounts"]:
            raise no_static_credential()
        key = self._lifecycle.record(document)["key"]
        body = build_credentials(
            document,
            self._starter.kubeconfig(key),
            is_admin=is_admin,
            tenant_id=self._world.settings.tenant_id,
        )
        return ArmReply(body=body)

    # Power.

    async def _stop(self, request: ArmRequest) -> ArmReply:
        return self._power(request, changes.STOP, "Stopped")

    async def _start(self, request: ArmRequest) -> ArmReply:
        return self._power(request, changes.START, "Running")

    def _power(self, request: ArmRequest, change: changes.Change, code: str) -> ArmReply:
        document = self._desk.find(request.path)
        self._desk.refuse_busy(document)
        self._desk.mark(document, change.state)
        operation = self._lifecycle.begin_power(change, document, code)
        return self._desk.accepted(request, operation)

    async def _abort(self, request: ArmRequest) -> ArmReply:
        document = self._desk.find(request.path)
        running = self._lifecycle.running_on(document)
        if running is None:
            raise bad_request("There is no operation in progress that could be aborted.")
        return self._desk.accepted(request, self._lifecycle.begin_abort(document, running))

    # Maintenance windows.

    async def _maintenance(self, request: ArmRequest) -> ArmReply:
        document = self._desk.find(request.path)
        resources = self._world.resources
        place = f"{document['id']}/maintenanceConfigurations/{request.path.name}"
        if request.path.is_collection:
            value = list(resources.of_type(MAINTENANCE, document["id"]))
            return ArmReply(body={"value": value})
        existing = resources.find(place)
        match request.method:
            case "PUT":
                made = {
                    "id": place,
                    "name": request.path.name,
                    "type": MAINTENANCE,
                    "properties": (request.body or {}).get("properties") or {},
                }
                resources.put(made)
                return ArmReply(status=200 if existing else 201, body=made)
            case "DELETE":
                resources.remove(place)
                return ArmReply(status=200 if existing else 204)
            case _ if existing is not None:
                return ArmReply(body=existing)
            case _:
                raise resource_not_found(request.path)


def _not_allowed(request: ArmRequest) -> ArmRefusal:
    return ArmRefusal(
        405, "MethodNotAllowed", f"{request.method} is not allowed on {request.path.text}."
    )
