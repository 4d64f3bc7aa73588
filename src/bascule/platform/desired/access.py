"""Who may do what: the controller's identity, federated credentials, and role assignments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import Kind, Later, Resource
from bascule.platform.desired.network import needs_group
from bascule.spec.azure.access import Controller

AUDIENCE = "api://AzureADTokenExchange"
"""For whom Kubernetes makes the tokens that Entra takes in exchange; the same in every cloud."""
USER_ROLE = "Azure Kubernetes Service Cluster User Role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role on a scope for a principal, which may be known only later."""

    scope: ResourceId
    role: str
    """The role's id."""
    principal: str | Later
    to: str
    """Names the principal for good: a resource's key with what of it, or an object id."""
    title: str
    reason: str
    needs: tuple[ResourceId, ...] = ()


def build_controller(
    ids: Ids, controller: Controller, clusters: Sequence[str]
) -> Iterator[Resource]:
    """Yield the controller's identity and what it may do, on the gateway and in the clusters."""
    identity = ids.identity(controller.identity, controller.resource_group)
    yield Resource(
        kind=Kind.IDENTITY,
        id=identity,
        document={"location": ids.spec.location, "tags": ids.tags(controller.tags)},
        kept={
            "location": ids.spec.location,
            "tags": {**ids.spec.tags, **controller.tags},
        },
        needs=needs_group(ids, controller.resource_group),
        reason="the controller signs in to Azure as it",
    )
    yield from _credentials(ids, identity, controller, clusters)
    for grant in _controller_grants(ids, identity, controller, clusters):
        yield build_assignment(ids, grant)


def build_subnet_grants(ids: Ids, name: str, subnets: Sequence[ResourceId]) -> Iterator[Resource]:
    """Yield what a cluster with an identity of its own may do in the subnets that it is put in."""
    cluster = ids.cluster(name)
    for subnet in subnets:
        grant = Grant(
            scope=subnet,
            role=ids.role("Network Contributor"),
            principal=system_principal(cluster),
            to=f"{cluster.key} itself",
            title=f"Network Contributor on {subnet.name} for {name}",
            reason="internal load balancers of the cluster need it",
            needs=(subnet, cluster),
        )
        yield build_assignment(ids, grant)


def build_assignment(ids: Ids, grant: Grant) -> Resource:
    """Return a role assignment, whose name is the same each time."""
    properties: Document = {
        "roleDefinitionId": grant.role,
        "principalId": grant.principal,
        "principalType": "ServicePrincipal",
        "description": ids.mark,
    }
    return Resource(
        kind=Kind.ASSIGNMENT,
        id=ids.assignment(grant.scope, grant.to, grant.role),
        document={"properties": properties},
        needs=grant.needs,
        title=grant.title,
        reason=grant.reason,
    )


def build_credential(
    credential: ResourceId, *, issuer: Later, subject: str, audiences: Sequence[str], reason: str
) -> Resource:
    """Return a federated credential for a service account of the cluster that `issuer` is of."""
    properties: Document = {"issuer": issuer, "subject": subject, "audiences": list(audiences)}
    return Resource(
        kind=Kind.CREDENTIAL,
        id=credential,
        document={"properties": properties},
        kept={"properties": properties},
        needs=tuple(each for each in (credential.parent, issuer.of) if each is not None),
        reason=reason,
    )


def system_principal(cluster: ResourceId) -> Later:
    """Return the principal of a cluster's own identity."""
    return Later(
        of=cluster, path=("identity", "principalId"), what=f"the principal of {cluster.name}"
    )


def kubelet_principal(cluster: ResourceId) -> Later:
    """Return the principal of a cluster's nodes."""
    return Later(
        of=cluster,
        path=("properties", "identityProfile", "kubeletidentity", "objectId"),
        what=f"the principal of the nodes of {cluster.name}",
    )


def issuer_of(cluster: ResourceId) -> Later:
    """Return the address by which a cluster vouches for its service accounts."""
    return Later(
        of=cluster,
        path=("properties", "oidcIssuerProfile", "issuerURL"),
        what=f"the issuer of {cluster.name}",
    )


def _credentials(
    ids: Ids, identity: ResourceId, controller: Controller, clusters: Sequence[str]
) -> Iterator[Resource]:
    for cluster in clusters:
        for account in controller.service_accounts:
            namespace, _, name = account.partition("/")
            yield build_credential(
                identity.child("federatedIdentityCredentials", f"{cluster}-{namespace}-{name}"),
                issuer=issuer_of(ids.cluster(cluster)),
                subject=f"system:serviceaccount:{namespace}:{name}",
                audiences=[AUDIENCE],
                reason=f"the controller in {cluster} signs in by its service account {account}",
            )


def _controller_grants(
    ids: Ids, identity: ResourceId, controller: Controller, clusters: Sequence[str]
) -> Iterator[Grant]:
    principal = Later(
        of=identity, path=("properties", "principalId"), what=f"the principal of {identity.name}"
    )
    role = controller.gateway_role
    join = "a change of the gateway has to join it"
    wanted = [
        (ids.gateway, role, "writes the gateway's routes and weights"),
        (ids.subnet(ids.spec.gateway.subnet), role, join),
        (ids.public_ip, role, join),
        (ids.group, "Reader", "sees what there is"),
        *((ids.cluster(name), USER_ROLE, "fetches its kubeconfig") for name in clusters),
    ]
    for scope, name, reason in wanted:
        short = name.rpartition("/")[2]
        yield Grant(
            scope=scope,
            role=ids.role(name),
            principal=principal,
            to=identity.key,
            title=f"{short} on {scope.name} for {identity.name}",
            reason=reason,
            needs=(scope, identity),
        )
