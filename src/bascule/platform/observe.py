"""Looks at what Azure has: one resource, or all of a platform with what green is made from."""

from collections.abc import Iterable, Mapping

from bascule.azure.document import Document, object_at, text_at, texts_at
from bascule.azure.resource_id import ResourceId, subscription_id
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import GRANTED, Kind, Resource, find_later, resolve
from bascule.platform.green.grants import find_writers
from bascule.platform.green.model import BlueFacts, Federated
from bascule.platform.order import join_errors, run_in_order
from bascule.platform.plan.gathering import WINDOWS, Desired, build_desired
from bascule.platform.plan.planner import Existing
from bascule.platform.ports import Arm

_ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
_CREDENTIALS = "federatedIdentityCredentials"


async def observe_resource(
    arm: Arm, resource: Resource, known: Mapping[str, Document]
) -> Document | None:
    """Return what Azure has of a resource, or None.

    A role assignment or federated credential that says the same under another name is found too.
    """
    found = await arm.get(resource.id)
    if found is not None or resource.kind not in GRANTED:
        return found
    wanted = resolve(resource.document, known)
    if wanted is None:
        return None
    if resource.kind is Kind.ASSIGNMENT:
        scope = ResourceId(resource.id.scope)
        if not await _may_exist(arm, scope, known):
            return None
        found_there = await arm.list(f"{scope}/{_ASSIGNMENTS}", {"$filter": "atScope()"})
        return next((each for each in found_there if _is_same_grant(each, wanted, scope)), None)
    parent = resource.id.parent
    if parent is None or await arm.get(parent) is None:
        return None
    others = await arm.list(f"{parent}/{_CREDENTIALS}")
    return next((each for each in others if _is_same_trust(each, wanted)), None)


async def fetch_existing(
    arm: Arm, ids: Ids, *, ssh_public_key: str = ""
) -> tuple[Desired, Existing]:
    """Return what should exist, and what does."""
    facts = None
    blue = await arm.get(ids.cluster(ids.spec.clusters.blue.name))
    green, survivor = ids.spec.clusters.green, None
    if blue is not None and green is not None:
        facts = await _fetch_facts(arm, ids, blue)
    elif green is not None:
        survivor = await arm.get(ids.cluster(green.name))
    desired = build_desired(ids, facts, ssh_public_key=ssh_public_key, survivor=survivor)
    documents: dict[str, Document] = {}
    first = [each for each in desired.resources if not find_later(each.document)]
    rest = [each for each in desired.resources if find_later(each.document)]
    for wave in (first, rest):
        documents.update(await _observe_all(arm, wave, documents))
    left = [r for r in desired.retired if r.kind in GRANTED and await arm.get(r.id) is not None]
    return desired, Existing(documents=documents, blue=facts, left=tuple(left))


async def _observe_all(
    arm: Arm, resources: Iterable[Resource], known: Mapping[str, Document]
) -> dict[str, Document]:
    by_key = {resource.id.key: resource for resource in resources}
    found: dict[str, Document] = {}

    async def work(key: str) -> None:
        document = await observe_resource(arm, by_key[key], known)
        if document is not None:
            found[key] = document

    failed = await run_in_order(list(by_key), {}, work)
    if failed:
        raise join_errors(list(failed.values()))
    return found


async def _fetch_facts(arm: Arm, ids: Ids, blue: Document) -> BlueFacts:
    """Return what green is made from. Raises ForbiddenError where a role may not be seen."""
    around: tuple[Document, ...] = ()
    if await arm.get(ids.gateway) is not None:
        around = await arm.list(f"{ids.gateway}/{_ASSIGNMENTS}", {"$filter": "atScope()"})
    root = subscription_id(ids.subscription)
    assignments: list[Document] = []
    for principal in _principals(blue):
        query = {"$filter": f"principalId eq '{principal}'"}
        found = await arm.list(f"{root}/{_ASSIGNMENTS}", query)
        assignments += [
            each for each in found if text_at(each, "properties", "principalId") == principal
        ]
    issuer = text_at(blue, "properties", "oidcIssuerProfile", "issuerURL")
    return BlueFacts(
        cluster=blue,
        assignments=tuple(assignments),
        credentials=await _fetch_credentials(arm, ids, issuer) if issuer else (),
        windows=await arm.list(f"{ids.cluster(ids.spec.clusters.blue.name)}/{WINDOWS}"),
        writers=find_writers(around, ids.gateway),
    )


async def _fetch_credentials(arm: Arm, ids: Ids, issuer: str) -> tuple[Federated, ...]:
    root = subscription_id(ids.subscription)
    kind = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    found: list[Federated] = []
    for identity in await arm.list(f"{root}/{kind}"):
        for credential in await arm.list(f"{text_at(identity, 'id')}/{_CREDENTIALS}"):
            if text_at(credential, "properties", "issuer") != issuer:
                continue
            found.append(
                Federated(
                    id=text_at(credential, "id"),
                    principal=text_at(identity, "properties", "principalId"),
                    issuer=issuer,
                    subject=text_at(credential, "properties", "subject"),
                    audiences=texts_at(credential, "properties", "audiences"),
                )
            )
    return tuple(found)


def _principals(blue: Document) -> tuple[str, ...]:
    """Return the principals that are blue's alone; a named identity is shared with green."""
    addons = object_at(blue, "properties", "addonProfiles")
    found = [
        text_at(blue, "identity", "principalId"),
        text_at(blue, "properties", "identityProfile", "kubeletidentity", "objectId"),
        *(
            text_at(blue, "properties", "addonProfiles", name, "identity", "objectId")
            for name in addons
        ),
    ]
    return tuple(dict.fromkeys(principal for principal in found if principal))


async def _may_exist(arm: Arm, scope: ResourceId, known: Mapping[str, Document]) -> bool:
    return scope.key in known or await arm.get(scope) is not None


def _is_same_grant(found: Document, wanted: Document, scope: ResourceId) -> bool:
    def said(document: Document, key: str) -> str:
        return text_at(document, "properties", key).lower()

    is_here = ResourceId(text_at(found, "properties", "scope").rstrip("/")) == scope
    role = said(found, "roleDefinitionId").rpartition("/")[2]
    return (
        is_here
        and said(found, "principalId") == said(wanted, "principalId")
        and role == said(wanted, "roleDefinitionId").rpartition("/")[2]
    )


def _is_same_trust(found: Document, wanted: Document) -> bool:
    keys = ("issuer", "subject")
    return all(
        text_at(found, "properties", key) == text_at(wanted, "properties", key) for key in keys
    )
