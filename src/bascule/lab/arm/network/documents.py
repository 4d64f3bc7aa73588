"""Documents of Microsoft.Network: ids, etags, conditions, and refusals that all its types share."""

from collections.abc import Callable, Mapping
from typing import Any

from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

NAMESPACE = "Microsoft.Network"
UPDATING = "Updating"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
DELETING = "Deleting"

TYPES = {
    name.lower(): name
    for name in (
        "applicationGateways",
        "applicationGatewayWebApplicationFirewallPolicies",
        "azureFirewalls",
        "dnsZones",
        "loadBalancers",
        "natGateways",
        "networkInterfaces",
        "networkSecurityGroups",
        "privateDnsZones",
        "privateEndpoints",
        "privateLinkServices",
        "publicIPAddresses",
        "publicIPPrefixes",
        "routeTables",
        "virtualNetworks",
        "subnets",
        "securityRules",
        "routes",
        "virtualNetworkLinks",
        "virtualNetworkPeerings",
    )
}
"""Types in Azure's spelling, by the lower case."""


def spelled(kind: str) -> str:
    """Return one segment of a type in Azure's spelling; unknown ones as they came."""
    return TYPES.get(kind.lower(), kind)


def type_of(path: ArmPath) -> str:
    """Return the type that a path names, such as `Microsoft.Network/virtualNetworks/subnets`."""
    return "/".join((NAMESPACE, *(spelled(kind) for kind in path.parts[::2])))


def id_of(path: ArmPath) -> str:
    """Return the id of a new resource: types in Azure's spelling, names as they were written."""
    parts = [spelled(part) if place % 2 == 0 else part for place, part in enumerate(path.parts)]
    scope = f"/subscriptions/{path.subscription}/resourceGroups/{path.group}"
    return "/".join((scope, "providers", NAMESPACE, *parts))


def parent_id(path: ArmPath) -> str:
    """Return the id of what a child resource belongs to, as the caller wrote it."""
    return path.text.rstrip("/").rsplit("/", 2)[0]


def new_etag(world: ArmWorld) -> str:
    """Return an etag that nothing had before."""
    return f'W/"{world.make_id()}"'


def without_nulls(value: Any) -> Any:
    """Return a body without its nulls, as nobody stores them."""
    if isinstance(value, Mapping):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value


def read_body(request: ArmRequest) -> Document:
    """Return the body with a `properties` object. Raises ArmRefusal if it is no object."""
    if not isinstance(request.body, dict) or not isinstance(
        request.body.get("properties") or {}, dict
    ):
        raise ArmRefusal(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: an object with "
            "'properties' is expected.",
        )
    body: Document = dict(request.body)
    body["properties"] = body.get("properties") or {}
    return body


def location_of(body: Document, previous: Document | None) -> str:
    """Return the location in Azure's short form. Raises ArmRefusal if none is named, or another."""
    given = str(body.get("location", "")).replace(" ", "").lower()
    if previous is not None:
        if given and given != previous["location"]:
            raise ArmRefusal(
                409,
                "InvalidResourceLocation",
                f"The resource '{previous['name']}' already exists in location "
                f"'{previous['location']}'. A resource with the same name cannot be created in "
                f"location '{given}'. Please select a new resource name.",
            )
        return str(previous["location"])
    if not given:
        raise ArmRefusal(
            400, "LocationRequired", "The location property is required for this definition."
        )
    return given


def check_conditions(request: ArmRequest, previous: Document | None, etag: str) -> None:
    """Raise ArmRefusal 412 when If-Match or If-None-Match does not hold."""
    wanted = request.headers.get("if-match", "").strip()
    shown = previous["id"] if previous is not None else request.path.text
    if wanted and wanted != "*" and (previous is None or _bare(wanted) != _bare(etag)):
        raise _mismatch(
            f"Etag provided in if-match header {wanted} does not match etag {etag} of resource "
            f"{shown} in NRP data store."
        )
    if request.headers.get("if-none-match", "").strip() == "*" and previous is not None:
        raise _mismatch(f"Resource {shown} exists, and if-none-match header * was provided.")


def list_documents(
    world: ArmWorld, path: ArmPath, render: Callable[[Document], Document]
) -> ArmReply:
    """Answer a list: all of a type in the group or the subscription that the path names."""
    found = world.resources.of_type(type_of(path), path.scope)
    return ArmReply(body={"value": [render(document) for document in found]})


def find_document(world: ArmWorld, path: ArmPath) -> Document:
    """Return a top-level resource. Raises ArmRefusal 404."""
    document = world.resources.find(path.text)
    if document is None:
        raise not_found(path)
    return document


def not_found(path: ArmPath) -> ArmRefusal:
    """Return what is answered where nothing is: ARM's own words, or the provider's for a child."""
    if len(path.names) > 1:
        return ArmRefusal(404, "NotFound", f"Resource {path.text} not found.")
    return ArmRefusal(
        404,
        "ResourceNotFound",
        f"The Resource '{type_of(path)}/{path.name}' under resource group '{path.group}' was not "
        "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        headers={"x-ms-failure-cause": "gateway"},
    )


def no_parent(path: ArmPath) -> ArmRefusal:
    """Return what is answered to a PUT of a child whose parent is missing."""
    kind = type_of(path).partition("/")[2]
    return ArmRefusal(
        404,
        "ParentResourceNotFound",
        f"Failed to perform 'write' on resource(s) of type '{kind}', because the parent resource "
        f"'{parent_id(path)}' could not be found.",
        headers={"x-ms-failure-cause": "gateway"},
    )


def not_allowed(request: ArmRequest) -> ArmRefusal:
    """Return what is answered to a method that a path does not know."""
    return ArmRefusal(
        405,
        "MethodNotAllowed",
        f"The HTTP method {request.method} is not supported at {request.path.text}.",
    )


def busy(world: ArmWorld, operation: Operation) -> ArmRefusal:
    """Return the 409 of a resource on which another operation runs."""
    settings = world.settings
    return ArmRefusal(
        409,
        "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress. To retrieve status of "
        f"the operation use uri: {settings.url}/subscriptions/{settings.subscription_id}"
        f"/providers/{NAMESPACE}/locations/{settings.location}/operations/{operation.id}"
        "?api-version=2024-07-01.",
    )


def _bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')


def _mismatch(message: str) -> ArmRefusal:
    return ArmRefusal(
        412,
        "PreconditionFailed",
        "Precondition failed.",
        details=[{"code": "PreconditionFailedEtagMismatch", "message": message}],
    )
