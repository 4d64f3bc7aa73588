"""What to do about a refusal of Azure, by its code."""

import re
from collections.abc import Callable, Mapping

from bascule.azure.refusals import Refusal


def telling_code(codes: tuple[str, ...]) -> str:
    """Return the code that says most: the outermost with a remedy, else the outermost one."""
    known = (code for code in codes if code in _REMEDIES)
    return next(known, codes[0] if codes else "")


def find_remedy(reason: str, refusal: Refusal) -> str:
    """Return what to do about a refusal; empty where nobody knows."""
    found = _REMEDIES.get(reason)
    if callable(found):
        return found(refusal)
    if found is not None:
        return found
    if not refusal.is_readable:
        return "this did not come from Azure itself; check proxies and the cloud's address"
    return _REMEDY_BY_STATUS.get(refusal.status, "")


_REMEDY_BY_STATUS: Mapping[int, str] = {
    401: "sign in anew; check tenant, cloud and credential",
    403: "ask for the right; `bascule rights` prints the roles that are needed",
}

_ACTION = re.compile(r"perform action '([^']+)'")
_SCOPE = re.compile(r"over scope '([^']+)'")
_LINKED = re.compile(r"(?:action\(s\)|action) '([^']+)' on the linked scope\(s\) '([^']+)'")
_WRITING_ROLES = (
    ("microsoft.network/applicationgateways/", "gateway-writer"),
    ("microsoft.authorization/", "provisioner"),
)


def role_for(action: str) -> str:
    """Return the role of ours that holds an action, as `bascule rights` names them."""
    lower = action.lower()
    verb = lower.rsplit("/", 1)[-1]
    if verb == "read":
        return "viewer"
    if verb == "delete":
        return "decommissioner"
    for prefix, role in _WRITING_ROLES:
        if lower.startswith(prefix):
            return role
    return "provisioner"


def _authorization_failed(refusal: Refusal) -> str:
    action, scope = _ACTION.search(refusal.message), _SCOPE.search(refusal.message)
    if action is None or scope is None:
        return _REMEDY_BY_STATUS[403]
    return (
        f"grant {action[1]} on {scope[1]}: `bascule rights --role {role_for(action[1])}` prints a "
        "role that holds it; a role assigned a moment ago takes some minutes"
    )


def _linked_authorization_failed(refusal: Refusal) -> str:
    linked = _LINKED.search(refusal.message)
    if linked is None:
        return "grant the identity the right on every resource that this one refers to"
    return (
        f"grant {linked[1]} on {linked[2]}, which this resource refers to: "
        f"`bascule rights --role {role_for(linked[1])}` prints a role that holds it"
    )


def _policy(refusal: Refusal) -> str:
    named = ", ".join(repr(name) for name in dict.fromkeys(refusal.policies))
    which = f"the policy {named}" if named else "the policy that the message names"
    return f"change the resource so that {which} allows it, or ask its owner for an exemption"


def _version(refusal: Refusal) -> str:
    known = f"; the newest it knows is {refusal.offered[-1]}" if refusal.offered else ""
    return f"this cloud or region does not offer the api-version or type that was asked for{known}"


def _not_allowed(refusal: Refusal) -> str:
    lower = refusal.message.lower()
    if "in progress" in lower:
        return "wait for what runs on this resource, then start again"
    return _QUOTA if "quota" in lower else ""


_QUOTA = (
    "raise the quota (Azure portal, Quotas) or choose smaller or fewer nodes; "
    "both clusters run side by side for a while"
)
_IN_USE = "remove first what the message names as its user"

_REMEDIES: Mapping[str, str | Callable[[Refusal], str]] = {
    "AuthorizationFailed": _authorization_failed,
    "LinkedAuthorizationFailed": _linked_authorization_failed,
    "LinkedAccessCheckFailed": _linked_authorization_failed,
    "RequestDisallowedByPolicy": _policy,
    "NoRegisteredProviderFound": _version,
    "InvalidApiVersionParameter": _version,
    "InvalidResourceType": _version,
    "ScopeLocked": "remove the lock that the message names, or ask who set it (`az lock list`)",
    "QuotaExceeded": _QUOTA,
    "ErrCode_InsufficientVCPUQuota": _QUOTA,
    "InsufficientVCPUQuota": _QUOTA,
    "SkuNotAvailable": "choose a VM size or zone that `az vm list-skus` offers in this region",
    "VMSizeNotSupported": "choose a VM size that `az vm list-skus` offers in this region",
    "AllocationFailed": "Azure has no room for this size there now; try again, or another zone",
    "K8sVersionNotSupported": "choose a version that `az aks get-versions` lists for this region",
    "AgentPoolK8sVersionNotSupported": (
        "choose a version that `az aks get-versions` lists, not above the control plane's"
    ),
    "SubnetIsFull": "the subnet has no free addresses left: enlarge it, or use another one",
    "InsufficientSubnetSize": "the subnet has too few addresses: enlarge it, or lower maxPods",
    "InUseSubnetCannotBeDeleted": _IN_USE,
    "InUseRouteTableCannotBeDeleted": _IN_USE,
    "InUseNetworkSecurityGroupCannotBeDeleted": _IN_USE,
    "PublicIPAddressCannotBeDeleted": _IN_USE,
    "InvalidResourceReference": "make first what the message names, in the same region",
    "ResourceGroupBeingDeleted": "wait until the group is deleted, or choose another name",
    "MissingSubscriptionRegistration": (
        "register the resource provider once: `az provider register --namespace NAME`"
    ),
    "SubscriptionNotFound": "check the subscription's id, and that this identity may see it",
    "InvalidSubscriptionId": "check the subscription's id",
    "InvalidAuthenticationToken": "the token is not for this cloud or tenant; check both",
    "InvalidAuthenticationTokenTenant": (
        "the token is of another tenant than the subscription; set AZURE_TENANT_ID"
    ),
    "ExpiredAuthenticationToken": "sign in anew, and check this machine's clock",
    "PrincipalNotFound": (
        "an identity made a moment ago is not known everywhere yet; try again in a few minutes"
    ),
    "RoleAssignmentExists": "nothing is to be done: the same right was given under another name",
    "RoleAssignmentLimitExceeded": "remove role assignments of the subscription that nobody needs",
    "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty": (
        "give each routing rule a priority (1 to 20000)"
    ),
    "ReadOnlyDisabledSubscription": "the subscription is disabled; ask who pays for it",
    "OperationNotAllowed": _not_allowed,
}
"""By ARM's code: what to do, or how to tell from the refusal."""


def remedy_for_codes(codes: tuple[str, ...], message: str) -> str:
    """Return what to do about an operation that ended with these codes; empty if unknown."""
    return find_remedy(telling_code(codes), Refusal(status=0, codes=codes, message=message))
