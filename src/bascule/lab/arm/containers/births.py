"""Makes the document of a new cluster, and the record that is kept beside it."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from bascule.lab.arm.authorization.principals import Principal, Principals
from bascule.lab.arm.containers import changes
from bascule.lab.arm.containers.clusters import Birth, new_cluster
from bascule.lab.arm.containers.machines import new_record
from bascule.lab.arm.containers.node_groups import group_id
from bascule.lab.arm.containers.refusals import bad_request
from bascule.lab.arm.containers.subnets import check_room, take_block
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.requests import ArmRefusal, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_SUFFIX_LENGTH: Final = 8
_HASH_DIGITS: Final = 8


class Births:
    """Draws what a cluster is given for life: names, identities, addresses."""

    def __init__(self, world: ArmWorld, principals: Principals, quotas: Quotas) -> None:
        self._world = world
        self._principals = principals
        self._quotas = quotas

    def bear(self, request: ArmRequest, body: Mapping[str, Any]) -> Document:
        """Return the document of a cluster that is to be made; its record is kept already.

        Raises ArmRefusal 400, and then nothing is kept.
        """
        location = _plain(str(body.get("location") or self._world.settings.location))
        properties: Mapping[str, Any] = body.get("properties") or {}
        issuer = str(self._world.make_id())
        birth = Birth(
            subscription=request.path.subscription,
            group=self._group_name(request),
            name=request.path.name,
            location=location,
            tenant_id=self._world.settings.tenant_id,
            version=changes.resolve_new(request.path.name, properties),
            principal_id=str(self._world.make_id()),
            suffix="".join(self._world.rng.choice(_LETTERS) for _ in range(_SUFFIX_LENGTH)),
            uid=self._world.make_id().hex[:24],
            issuer_id=issuer,
            e_tag=str(self._world.make_id()),
        )
        document = new_cluster(birth, body)
        document = changes.with_new_pools(
            document, list(properties.get("agentPoolProfiles") or ()), self._tag
        )
        self._refuse_existing_group(document)
        self._fill_identities(document)
        check_room(self._world.resources, document)
        self._quotas.check(document)
        self._keep_record(document, issuer)
        if document["identity"].get("principalId"):
            self._principals.add(
                Principal(id=document["identity"]["principalId"], name=document["name"])
            )
        return document

    def _keep_record(self, document: Document, issuer: str) -> None:
        number = self._world.rng.randrange(10 ** (_HASH_DIGITS - 1), 10**_HASH_DIGITS)
        key = f"{document['name'].lower()}-{uuid.uuid5(uuid.NAMESPACE_URL, issuer).hex[:8]}"
        record = new_record(
            document["id"],
            cluster_hash=str(number),
            block=str(take_block(self._world.resources, document).network),
            key=key,
        )
        self._world.resources.put({**record, "issuer": issuer})

    def _group_name(self, request: ArmRequest) -> str:
        """Return the group's name as its own document writes it."""
        group = self._world.resources.find(request.path.scope)
        return str(group["name"]) if group is not None else request.path.group

    def _refuse_existing_group(self, document: Document) -> None:
        if self._world.resources.find(group_id(document)) is not None:
            raise bad_request(
                f"The node resource group {document['properties']['nodeResourceGroup']} already "
                "exists: it must be a new one."
            )

    def _fill_identities(self, document: Document) -> None:
        """Have the identities that a body names show their client and object ids."""
        named = document["identity"].get("userAssignedIdentities") or {}
        for resource_id in named:
            found = self._identity(resource_id)
            named[resource_id] = {
                "clientId": found["clientId"],
                "principalId": found["principalId"],
            }
        for profile in (document["properties"].get("identityProfile") or {}).values():
            found = self._identity(str(profile.get("resourceId", "")))
            profile |= {"clientId": found["clientId"], "objectId": found["principalId"]}

    def _identity(self, resource_id: str) -> Mapping[str, Any]:
        found = self._world.resources.find(resource_id)
        if found is None:
            raise ArmRefusal(
                400,
                "FailedIdentityOperation",
                f"Identity operation for resource failed: the identity '{resource_id}' was not "
                "found.",
            )
        properties: Mapping[str, Any] = found["properties"]
        return properties

    def _tag(self) -> str:
        return str(self._world.make_id())


def _plain(location: str) -> str:
    return location.lower().replace(" ", "")
