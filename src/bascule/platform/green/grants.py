"""What blue's identities may do, issued anew for green's, before anything runs there.

Nobody but the controller gets the gateway: who writes it from blue must not write it from green.
"""

from collections.abc import Iterator, Mapping, Sequence

from bascule.azure.document import Document, object_at, text_at
from bascule.azure.resource_id import ResourceId
from bascule.checks.findings import Finding, Severity
from bascule.platform.desired.access import (
    Grant,
    build_assignment,
    build_credential,
    issuer_of,
    kubelet_principal,
    system_principal,
)
from bascule.platform.desired.ids import ROLES, Ids
from bascule.platform.desired.model import Later, Resource
from bascule.platform.green.model import BlueFacts

AGIC = "ingressApplicationGateway"
_WRITING_ROLES = frozenset(ROLES[name] for name in ("Owner", "Contributor", "Network Contributor"))
_NAME_MAX = 120


def find_writers(assignments: Sequence[Document], gateway: ResourceId) -> frozenset[str]:
    """Return the object ids of those that some role on the gateway, or around it, lets write it.

    A role of the user's own on the gateway itself counts too: nobody gets one to look only.
    """
    found = set()
    for assignment in assignments:
        scope = text_at(assignment, "properties", "scope").lower()
        role = text_at(assignment, "properties", "roleDefinitionId").rpartition("/")[2].lower()
        is_around = gateway.key.startswith(f"{scope}/")
        is_own = scope == gateway.key and role != ROLES["Reader"]
        if is_own or (is_around and role in _WRITING_ROLES):
            found.add(text_at(assignment, "properties", "principalId"))
    return frozenset(found)


def build_green_grants(
    ids: Ids, facts: BlueFacts, *, controller: ResourceId | None
) -> tuple[tuple[Resource, ...], tuple[Finding, ...]]:
    """Return the role assignments and federated credentials of green, and what is left out."""
    findings: list[Finding] = []
    resources = [
        *_assignments(ids, facts, findings),
        *_credentials(ids, facts, findings, controller=controller),
    ]
    return tuple(resources), tuple(findings)


def _assignments(ids: Ids, facts: BlueFacts, findings: list[Finding]) -> Iterator[Resource]:
    green = ids.cluster(_green(ids))
    principals = _principals(facts.cluster, green)
    for assignment in facts.assignments:
        found = principals.get(text_at(assignment, "properties", "principalId"))
        if found is None:
            continue
        to, principal, whose = found
        scope = _scope(ids, facts.cluster, text_at(assignment, "properties", "scope"))
        if scope is None:
            continue
        if whose == AGIC:
            findings.append(_not_given(whose, scope.name))
            continue
        role = text_at(assignment, "properties", "roleDefinitionId")
        grant = Grant(
            scope=scope,
            role=role,
            principal=principal,
            to=to,
            title=f"{role_name(role)} on {scope.name} for {whose} of {green.name}",
            reason=f"{whose} of {ids.spec.clusters.blue.name} has it",
            needs=(green,) if scope.key != green.key else (scope,),
        )
        yield build_assignment(ids, grant)


def role_name(role: str) -> str:
    """Return a role's name, or its id's last part for one that is not known here."""
    last = role.rpartition("/")[2]
    return next((name for name, guid in ROLES.items() if guid == last.lower()), last)


def _principals(blue: Document, green: ResourceId) -> Mapping[str, tuple[str, Later, str]]:
    """Return, by blue's principals, who stands in their place: a lasting name, the value, who."""
    own = text_at(blue, "identity", "principalId")
    nodes = text_at(blue, "properties", "identityProfile", "kubeletidentity", "objectId")
    found = {
        own: (f"{green.key} itself", system_principal(green), "the cluster"),
        nodes: (f"{green.key} nodes", kubelet_principal(green), "the nodes"),
    }
    for name in object_at(blue, "properties", "addonProfiles"):
        principal = text_at(blue, "properties", "addonProfiles", name, "identity", "objectId")
        path = ("properties", "addonProfiles", name, "identity", "objectId")
        later = Later(of=green, path=path, what=f"the principal of {name} of {green.name}")
        found[principal] = (f"{green.key} {name}", later, name)
    return {key: value for key, value in found.items() if key}


def _scope(ids: Ids, blue: Document, text: str) -> ResourceId | None:
    """Return the scope for green; None in blue's node group, of which green has its own."""
    scope = ResourceId(text.rstrip("/"))
    if not scope.key.startswith("/subscriptions/"):
        return scope if scope.key.startswith("/providers/") else None
    cluster = ids.cluster(ids.spec.clusters.blue.name)
    if cluster.contains(scope):
        return ResourceId(str(ids.cluster(_green(ids))) + scope.text[len(cluster.text) :])
    group = text_at(blue, "properties", "nodeResourceGroup").lower()
    return None if group and scope.group.lower() == group else scope


def _credentials(
    ids: Ids, facts: BlueFacts, findings: list[Finding], *, controller: ResourceId | None
) -> Iterator[Resource]:
    green = ids.cluster(_green(ids))
    for credential in facts.credentials:
        old = ResourceId(credential.id)
        identity = old.parent
        if identity is None or identity == controller:  # the controller's are made by its spec
            continue
        if credential.principal in facts.writers:
            findings.append(_not_given(credential.subject, identity.name))
            continue
        name = f"{green.name}-{old.name}"[:_NAME_MAX]
        yield build_credential(
            identity.child("federatedIdentityCredentials", name),
            issuer=issuer_of(green),
            subject=credential.subject,
            audiences=credential.audiences,
            reason=f"{credential.subject} signs in as {identity.name} from "
            f"{ids.spec.clusters.blue.name}",
        )


def _not_given(who: str, what: str) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="GatewayWriterLeftOut",
        subject=who,
        message=f"{who} may write the gateway from blue, so green's gets no right on {what}",
        remedy="nothing, if it is an ingress controller: Bascule writes the gateway for both. If "
        "it is a workload that needs other rights, give it an identity that has only those",
    )


def _green(ids: Ids) -> str:
    green = ids.spec.clusters.green
    return green.name if green is not None else ""
