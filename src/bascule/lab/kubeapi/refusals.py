"""The refusals of the store, as classes, so that controllers can catch the one they expect."""

from bascule.lab.kubeapi.kinds import Kind
from bascule.lab.kubeapi.objects.statuses import StatusError


class NotFoundError(StatusError):
    """No object of this kind has this name (404)."""


class AlreadyExistsError(StatusError):
    """An object of this kind and name is there already (409)."""


class ConflictError(StatusError):
    """The object was changed since it was read, or it is another one of the same name (409)."""


class ForbiddenError(StatusError):
    """A right is missing, or the namespace is going away (403)."""


class ExpiredError(StatusError):
    """The resource version is older than what the watch window holds (410)."""


class TooLargeVersionError(StatusError):
    """The resource version lies in the future (504)."""


def not_found(kind: Kind, name: str) -> NotFoundError:
    """Return the 404 for an object of this kind and name."""
    return NotFoundError(
        f'{kind.resource} "{name}" not found',
        code=404,
        reason="NotFound",
        details=details_of(kind, name),
    )


def unknown_path() -> NotFoundError:
    """Return the 404 for a path that no API serves."""
    return NotFoundError(
        "the server could not find the requested resource",
        code=404,
        reason="NotFound",
        details={},
    )


def no_programs(subresource: str) -> StatusError:
    """Return the 501 for what would need a program in the container, such as `kubectl exec`."""
    return StatusError(
        f"containers of a lab are servers without a shell: {subresource} is not supported; "
        "reach them at their pod's address",
        code=501,
        reason="NotImplemented",
    )


def already_exists(kind: Kind, name: str) -> AlreadyExistsError:
    """Return the 409 for a create over an object that exists."""
    return AlreadyExistsError(
        f'{kind.resource} "{name}" already exists',
        code=409,
        reason="AlreadyExists",
        details=details_of(kind, name),
    )


def modified(kind: Kind, name: str) -> ConflictError:
    """Return the 409 for a write with a resource version that is not the current one."""
    return conflict(
        kind,
        name,
        "the object has been modified; please apply your changes to the latest version and "
        "try again",
    )


def conflict(kind: Kind, name: str, cause: str) -> ConflictError:
    """Return the 409 that says what was in the way."""
    return ConflictError(
        f'Operation cannot be fulfilled on {kind.resource} "{name}": {cause}',
        code=409,
        reason="Conflict",
        details=details_of(kind, name),
    )


def forbidden(kind: Kind, name: str, cause: str) -> ForbiddenError:
    """Return the 403 that says why."""
    return ForbiddenError(
        f'{kind.resource} "{name}" is forbidden: {cause}',
        code=403,
        reason="Forbidden",
        details=details_of(kind, name),
    )


def namespace_terminating(kind: Kind, name: str, namespace: str) -> ForbiddenError:
    """Return the 403 for a create in a namespace that is being deleted."""
    refusal = forbidden(
        kind,
        name,
        f"unable to create new content in namespace {namespace} because it is being terminated",
    )
    causes = [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
    ]
    refusal.details = {**(refusal.details or {}), "causes": causes}
    return refusal


def expired(requested: int, oldest: int) -> ExpiredError:
    """Return the 410 for a resource version that has left the window."""
    return ExpiredError(
        f"too old resource version: {requested} ({oldest})", code=410, reason="Expired"
    )


def too_large(requested: int, current: int) -> TooLargeVersionError:
    """Return the 504 for a resource version that was never given out."""
    return TooLargeVersionError(
        f"Timeout: Too large resource version: {requested}, current: {current}",
        code=504,
        reason="Timeout",
        details={
            "causes": [
                {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            ],
            "retryAfterSeconds": 1,
        },
    )


def details_of(kind: Kind, name: str) -> dict[str, str]:
    """Return the details of a Status about an object; `kind` holds the plural, as on the wire."""
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return {key: value for key, value in details.items() if value}
