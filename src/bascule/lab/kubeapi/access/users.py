"""Users: a name and groups, as a certificate or a token says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bascule.lab.kubeapi.objects.statuses import StatusError

MASTERS: Final = "system:masters"
AUTHENTICATED: Final = "system:authenticated"
SERVICE_ACCOUNT_PREFIX: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks: name and groups decide, the rest is shown by `auth whoami`."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ANONYMOUS: Final = User(name="system:anonymous", groups=("system:unauthenticated",))


def certificate_user(peer_certificate: Mapping[str, Any]) -> User:
    """Return the user of a verified client certificate: CN is the name, each O a group."""
    fields = [pair for part in peer_certificate.get("subject", ()) for pair in part]
    groups = tuple(value for key, value in fields if key == "organizationName")
    name = next((value for key, value in fields if key == "commonName"), "")
    return User(name=name, groups=(*groups, AUTHENTICATED))


def service_account_user(
    namespace: str, name: str, uid: str, extra: Mapping[str, tuple[str, ...]]
) -> User:
    """Return the user that a token of this service account stands for."""
    return User(
        name=f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}",
        groups=("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED),
        uid=uid,
        extra=extra,
    )


def unauthorized() -> StatusError:
    """Return the 401 for credentials that are not accepted."""
    return StatusError("Unauthorized", code=401, reason="Unauthorized")
