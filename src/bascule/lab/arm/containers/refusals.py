"""The refusals of AKS, in its own shape: without the envelope that ARM puts around an error."""

from bascule.lab.arm.requests import ArmRefusal


def bad_request(message: str, *, target: str | None = None) -> ArmRefusal:
    """Return the 400 of a request that AKS does not take."""
    return ArmRefusal(400, "BadRequest", message, target=target, is_bare=True)


def invalid_parameter(target: str, message: str) -> ArmRefusal:
    """Return the 400 of a value that AKS does not take."""
    return ArmRefusal(400, "InvalidParameter", message, target=target, is_bare=True)


def change_not_allowed(field: str) -> ArmRefusal:
    """Return the 409 of a property that is fixed once the cluster is there."""
    return ArmRefusal(
        409,
        "PropertyChangeNotAllowed",
        f"Changing property '{field}' is not allowed.",
        target=field,
        is_bare=True,
    )


def busy(what: str, state: str) -> ArmRefusal:
    """Return the 409 of a cluster that something is done to already."""
    return ArmRefusal(
        409,
        "OperationNotAllowed",
        f"Operation is not allowed: Another operation ({what} - {state}) is in progress, please "
        "wait for it to finish before starting a new operation. See "
        "https://aka.ms/aks-pending-operation for more details",
        is_bare=True,
    )


def stopped(name: str) -> ArmRefusal:
    """Return the 409 of a change to a cluster that is stopped."""
    return ArmRefusal(
        409,
        "OperationNotAllowed",
        f"Operation is not allowed: the managed cluster {name} is stopped. Start it before it is "
        "changed. See https://aka.ms/aks-stop-cluster for more details",
        is_bare=True,
    )


def etag_mismatch() -> ArmRefusal:
    """Return the 409 of a write on the ground of a state that is no longer there."""
    return ArmRefusal(
        409,
        "EtagMismatch",
        "Operation is not allowed: Another operation is in progress",
        details=(
            {
                "code": "Unspecified",
                "message": "rpc error: code = FailedPrecondition desc = Etag mismatched",
            },
        ),
        is_bare=True,
    )


def version_not_supported(cluster: str, version: str) -> ArmRefusal:
    """Return the 400 of a version that is not offered for this plan."""
    return ArmRefusal(
        400,
        "K8sVersionNotSupported",
        f"Managed cluster {cluster} is on version {version} which is not supported in this region. "
        "Please use [az aks get-versions] command to get the supported version list in this "
        "region. For more information, please check https://aka.ms/supported-version-list",
        is_bare=True,
    )


def upgrade_not_allowed(current: str, version: str, upgrades: tuple[str, ...]) -> ArmRefusal:
    """Return the 400 of a version that may not follow the one there is."""
    verb = "Downgrading" if _numbers(version) < _numbers(current) else "Upgrading"
    offered = " ".join(reversed(upgrades))
    return ArmRefusal(
        400,
        "OperationNotAllowed",
        f"{verb} Kubernetes version {current} to {version} is not allowed. Available upgrades: "
        f"[{offered}]. Please see https://aka.ms/aks-supported-k8s-ver for version details.",
        is_bare=True,
    )


def pool_version_incompatible(pool: str, plane: str, reason: str) -> ArmRefusal:
    """Return the 400 of a pool that would be newer or much older than the control plane."""
    return ArmRefusal(
        400,
        "NodePoolMcVersionIncompatible",
        f"Node pool version {pool} and control plane version {plane} are incompatible. {reason} "
        "For more information, please check https://aka.ms/version-skew-policy",
        is_bare=True,
    )


def no_static_credential() -> ArmRefusal:
    """Return the 400 of a cluster that knows no local accounts."""
    return bad_request(
        "Getting static credential is not allowed because this cluster is set to disable local "
        "accounts."
    )


def pool_not_found(pool: str, cluster: str) -> ArmRefusal:
    """Return the 404 of a pool that is not there."""
    return ArmRefusal(
        404,
        "NotFound",
        f"Could not find the agentpool: {pool} in cluster {cluster}.",
        is_bare=True,
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
