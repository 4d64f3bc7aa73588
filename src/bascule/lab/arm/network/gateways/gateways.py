"""Application gateways: each PUT replaces the whole document, and supersedes the one before it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from bascule.lab.arm.answers import answer_begun, answer_location
from bascule.lab.arm.network.answering import Methods
from bascule.lab.arm.network.documents import (
    DELETING,
    FAILED,
    SUCCEEDED,
    UPDATING,
    busy,
    check_conditions,
    find_document,
    id_of,
    list_documents,
    location_of,
    new_etag,
    not_found,
    read_body,
)
from bascule.lab.arm.network.finishing import finishing
from bascule.lab.arm.network.gateways.certificates import keep_secrets, without_secrets
from bascule.lab.arm.network.gateways.children import GATEWAY_TYPE, complete, stamp
from bascule.lab.arm.network.gateways.health import read_probe_wanted, render_health, render_probe
from bascule.lab.arm.network.gateways.names import canonical
from bascule.lab.arm.network.gateways.rules import check_document
from bascule.lab.arm.network.gateways.surroundings import (
    attach,
    check_surroundings,
    detach,
    frontend_addresses,
)
from bascule.lab.arm.network.plane_port import GatewayPlane
from bascule.lab.arm.operations import Operation, OperationFailedError, Work
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document, copied
from bascule.lab.arm.world import ArmWorld

UPDATING_SHOWN = 0.25
"""For this part of an update its state says Updating; then Succeeded, while it still runs."""

SSL_POLICY_CHANGED = "2023-02-01"
"""The api-version from which new gateways have the newer predefined TLS policy."""

_KEPT = ("tags", "zones", "identity")


class Gateways:
    """Answers every path below `applicationGateways`."""

    def __init__(self, world: ArmWorld, plane: GatewayPlane) -> None:
        self._world = world
        self._plane = plane
        self._locks: dict[str, asyncio.Lock] = {}

    def handle(self, request: ArmRequest) -> ArmReply:
        """Answer. Raises ArmRefusal."""
        path = request.path
        if len(path.parts) == 1 and request.method == "GET":
            return list_documents(self._world, path, self._shown)
        if len(path.parts) == 2:
            return self._gateway(request)
        if len(path.parts) == 3 and request.method == "POST":
            return self._act(request)
        raise not_found(path)

    async def revive(self) -> None:
        """Serve every gateway again that served before the lab's restart.

        What was under way then has failed, and a gateway that was between two states is stopped.
        """
        for document in self._world.resources.of_type(GATEWAY_TYPE):
            properties = document["properties"]
            if properties["provisioningState"] != SUCCEEDED:
                stamp(document, etag=new_etag(self._world), state=FAILED)
            if properties["operationalState"] != "Running":
                properties["operationalState"] = "Stopped"
            self._world.resources.put(document)
            if properties["operationalState"] == "Running":
                with suppress(OperationFailedError):
                    await self._apply(document, None, 0.0)

    def _gateway(self, request: ArmRequest) -> ArmReply:
        previous = self._world.resources.find(request.path.text)
        methods = Methods(
            put=self._put,
            patch=self._patch,
            delete=self._delete,
            show=self._shown,
        )
        return methods.answer(request, previous)

    def _put(self, request: ArmRequest, previous: Document | None) -> ArmReply:
        if self._world.settings.honours_if_match:
            check_conditions(request, previous, previous["etag"] if previous else "")
        self._check_not_deleting(previous)
        document = self._new_document(request, previous)
        check_document(document, request.query.get("api-version", ""))
        keep_secrets(document, previous)
        check_surroundings(self._world, document)
        complete(document)
        stamp(document, etag=new_etag(self._world), state=UPDATING)
        self._world.resources.put(document)
        attach(self._world, document, previous)
        kind = "appgw.create" if previous is None else "appgw.put"

        async def work(operation: Operation) -> None:
            async with self._changing(operation, document["id"], "Running"):
                await self._apply(document, previous, operation.duration_s)

        operation = self._begin(document["id"], "PutApplicationGatewayOperation", kind, work)
        status = 201 if previous is None else 200
        return answer_begun(
            self._world,
            request,
            operation,
            status=status,
            body=self._shown(copied(document)),
        )

    def _new_document(self, request: ArmRequest, previous: Document | None) -> Document:
        body = canonical(read_body(request))
        old = previous["properties"] if previous is not None else {}
        zones = body.get("zones")
        if previous is not None and zones != previous.get("zones"):
            raise _zones_changed(previous, zones)
        api_version = request.query.get("api-version", "")
        policy = "AppGwSslPolicy20150501"
        if api_version[: len(SSL_POLICY_CHANGED)] >= SSL_POLICY_CHANGED:
            policy = "AppGwSslPolicy20220101"
        sku = body["properties"].get("sku") or {}
        properties: dict[str, Any] = {
            **body["properties"],
            "sku": {"tier": sku.get("name"), "family": "Generation_1", **sku} if sku else {},
            "resourceGuid": old.get("resourceGuid", str(self._world.make_id())),
            "operationalState": old.get("operationalState", "Stopped"),
            "defaultPredefinedSslPolicy": old.get("defaultPredefinedSslPolicy", policy),
        }
        if properties["operationalState"] != "Running" and previous is not None:
            properties["operationalState"] = "Starting"
        return {
            "name": previous["name"] if previous is not None else request.path.name,
            "id": previous["id"] if previous is not None else id_of(request.path),
            "type": GATEWAY_TYPE,
            "location": location_of(body, previous),
            **{name: body[name] for name in _KEPT if name in body},
            "properties": properties,
        }

    def _patch(self, request: ArmRequest, document: Document) -> ArmReply:
        document["tags"] = dict((request.body or {}).get("tags") or {})
        state = document["properties"]["provisioningState"]
        stamp(document, etag=new_etag(self._world), state=state)
        self._world.resources.put(document)
        return ArmReply(body=self._shown(document))

    def _delete(self, request: ArmRequest, document: Document) -> ArmReply:
        if self._world.settings.honours_if_match:
            check_conditions(request, document, document["etag"])
        self._check_not_deleting(document)
        gateway_id = document["id"]
        stamp(document, etag=new_etag(self._world), state=DELETING)
        self._world.resources.put(document)

        def finish(state: str) -> None:
            current = self._world.resources.find(gateway_id)
            if current is not None and state == SUCCEEDED:
                detach(self._world, current)
                self._world.resources.remove(gateway_id)
            elif current is not None:
                stamp(current, etag=new_etag(self._world), state=state)
                self._world.resources.put(current)

        async def work(operation: Operation) -> None:
            async with finishing(self._world, operation, finish), self._lock(gateway_id):
                await self._plane.remove(gateway_id)

        name = "DeleteApplicationGatewayOperation"
        operation = self._begin(gateway_id, name, "appgw.delete", work)
        return answer_begun(self._world, request, operation, status=202, has_location=True)

    def _act(self, request: ArmRequest) -> ArmReply:
        parent = parse_path(request.path.text.rstrip("/").rpartition("/")[0])
        document = find_document(self._world, parent)
        match request.path.parts[-1].lower():
            case "backendhealth":
                return self._backend_health(request, document)
            case "getbackendhealthondemand":
                return self._probe(request, document)
            case "stop":
                states = ("Stopping", "Stopped")
                return self._switch(
                    request, document, states, lambda _d: self._plane.stop(document["id"])
                )
            case "start":
                kept = copied(document)
                states = ("Starting", "Running")
                return self._switch(request, document, states, lambda d: self._apply(kept, None, d))
            case _:
                raise not_found(request.path)

    def _switch(
        self,
        request: ArmRequest,
        document: Document,
        states: tuple[str, str],
        switch: Callable[[float], Awaitable[None]],
    ) -> ArmReply:
        self._check_not_deleting(document)
        gateway_id = document["id"]
        document["properties"]["operationalState"] = states[0]
        stamp(document, etag=new_etag(self._world), state=UPDATING)
        self._world.resources.put(document)

        async def work(operation: Operation) -> None:
            async with self._changing(operation, gateway_id, states[1]):
                await switch(operation.duration_s)

        verb = request.path.parts[-1].lower()
        name = f"{verb.title()}ApplicationGatewayOperation"
        operation = self._begin(gateway_id, name, f"appgw.{verb}", work)
        return answer_begun(self._world, request, operation, status=202, has_location=True)

    def _backend_health(self, request: ArmRequest, document: Document) -> ArmReply:
        kind = "appgw.backendhealth"

        async def work(operation: Operation) -> None:
            await self._world.clock.sleep_until(operation.begun_s + operation.duration_s)
            health = await self._plane.health(document["id"])
            operation.result = render_health(document, health)

        return self._ask_backends(request, document, kind, work)

    def _probe(self, request: ArmRequest, document: Document) -> ArmReply:
        wanted, ids = read_probe_wanted(request, document)

        async def work(operation: Operation) -> None:
            servers = await self._plane.probe(document, wanted)
            operation.result = render_probe(*ids, servers)

        return self._ask_backends(request, document, "appgw.backendhealth", work)

    def _ask_backends(
        self, request: ArmRequest, document: Document, kind: str, work: Work
    ) -> ArmReply:
        operation = self._world.operations.begin(
            "BackendHealthApplicationGatewayOperation",
            f"{document['id']}/backendhealth",
            duration_s=self._world.durations.draw_s(kind),
            work=work,
            kind=kind,
        )
        return answer_location(self._world, request, operation)

    def _begin(self, gateway_id: str, name: str, kind: str, work: Any) -> Operation:
        """Begin an operation; the one that runs on the gateway, if any, is superseded by it."""
        earlier = self._world.operations.running_on(gateway_id)
        operation = self._world.operations.begin(
            name, gateway_id, duration_s=self._world.durations.draw_s(kind), work=work, kind=kind
        )
        if earlier is not None:
            self._world.operations.cancel(earlier, _superseded(earlier, operation))
        return operation

    @asynccontextmanager
    async def _changing(
        self, operation: Operation, gateway_id: str, operational_state: str
    ) -> AsyncIterator[None]:
        def finish(state: str) -> None:
            current = self._world.resources.find(gateway_id)
            if current is None:
                return
            if state == SUCCEEDED:
                current["properties"]["operationalState"] = operational_state
            stamp(current, etag=new_etag(self._world), state=state)
            self._world.resources.put(current)

        async with finishing(self._world, operation, finish), self._lock(gateway_id):
            yield

    async def _apply(
        self, document: Document, previous: Document | None, duration_s: float
    ) -> None:
        await self._plane.apply(
            document["id"],
            document,
            previous=previous,
            frontend_addresses=frontend_addresses(self._world, document),
            duration_s=duration_s,
        )

    def _lock(self, gateway_id: str) -> asyncio.Lock:
        """Return what lets one apply at a time touch a gateway's instances."""
        return self._locks.setdefault(gateway_id.lower(), asyncio.Lock())

    def _check_not_deleting(self, document: Document | None) -> None:
        if document is None or document["properties"]["provisioningState"] != DELETING:
            return
        operation = self._world.operations.running_on(document["id"])
        if operation is not None:
            raise busy(self._world, operation)

    def _shown(self, document: Document) -> Document:
        shown = without_secrets(document)
        operation = self._world.operations.running_on(document["id"])
        if operation is not None and operation.kind == "appgw.put":
            passed_s = self._world.clock.monotonic_s() - operation.begun_s
            if passed_s > UPDATING_SHOWN * operation.duration_s:
                stamp(shown, etag=shown["etag"], state=SUCCEEDED)
        return shown


def _superseded(earlier: Operation, later: Operation) -> Document:
    message = (
        f"Operation {earlier.name} ({earlier.id}) was canceled and superseded by operation "
        f"{later.name} ({later.id})."
    )
    return {
        "code": "Canceled",
        "message": "Operation was canceled.",
        "details": [{"code": "CanceledAndSupersededDueToAnotherOperation", "message": message}],
    }


def _zones_changed(previous: Document, zones: object) -> ArmRefusal:
    had = ", ".join(previous.get("zones") or ()) or "NoZone"
    wanted = (
        ", ".join(str(zone) for zone in zones) if isinstance(zones, list) and zones else "NoZone"
    )
    return ArmRefusal(
        400,
        "ResourceAvailabilityZonesCannotBeModified",
        f"Resource {previous['id']} has an existing availability zone constraint {had} and the "
        f"request has availability zone constraint {wanted}, which do not match. Zones cannot be "
        "added/updated/removed once the resource is created. The resource cannot be updated from "
        "regional to zonal or vice-versa.",
    )
