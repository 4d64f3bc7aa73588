"""Who there is: applications, their service principals, and the identities of resources.

Applications and service principals are documents as Graph shows them; secrets are kept apart.
Managed identities are read from the resources that they belong to.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from bascule.lab.arm.resources import ResourceStore

IDENTITY: Final = "Microsoft.ManagedIdentity/userAssignedIdentities"
FEDERATED: Final = f"{IDENTITY}/federatedIdentityCredentials"
PRINCIPALS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One that can sign in; `resource_id` is that of a managed identity, else empty."""

    object_id: str
    app_id: str
    name: str
    resource_id: str = ""


@dataclass(slots=True, kw_only=True)
class DirectoryState:
    """What is kept on disk, secrets included (0600)."""

    applications: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By object id, as Graph shows them."""
    service_principals: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """By application (client) id: `keyId`, and `secret` or `certificate` (PEM)."""
    federated: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By application (client) id, as Graph shows them."""


class Directory:
    """All principals of the lab's one tenant; `on_change` is called after each change."""

    def __init__(
        self,
        resources: ResourceStore,
        make_id: Callable[[], UUID],
        make_secret: Callable[[], str],
    ) -> None:
        self._resources = resources
        self.make_id = make_id
        self._make_secret = make_secret
        self.state = DirectoryState()
        self.on_change: Callable[[], None] = lambda: None

    # Changes.

    def add_application(self, name: str, **more: Any) -> dict[str, Any]:
        """Register an application and return it as Graph shows it."""
        application = {
            "id": str(self.make_id()),
            "appId": str(self.make_id()),
            "displayName": name,
            "signInAudience": "AzureADMyOrg",
            "identifierUris": [],
            "passwordCredentials": [],
            "keyCredentials": [],
            **more,
        }
        self.state.applications[application["id"]] = application
        self.on_change()
        return application

    def add_service_principal(self, app_id: str) -> dict[str, Any]:
        """Make the service principal of an application. Raises KeyError without one."""
        application = self.application_of(app_id)
        if application is None:
            raise KeyError(app_id)
        principal = {
            "id": str(self.make_id()),
            "appId": application["appId"],
            "displayName": application["displayName"],
            "appDisplayName": application["displayName"],
            "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
            "servicePrincipalType": "Application",
            "accountEnabled": True,
        }
        self.state.service_principals[principal["id"]] = principal
        self.on_change()
        return principal

    def add_secret(self, app_id: str) -> tuple[str, str]:
        """Give an application a new secret; returns its key id and the secret."""
        key_id, secret = str(self.make_id()), self._make_secret()
        kept = self.state.secrets.setdefault(app_id.lower(), [])
        kept.append({"keyId": key_id, "secret": secret})
        self.on_change()
        return key_id, secret

    def add_certificate(self, app_id: str, pem: str) -> str:
        """Let an application sign in by a certificate; returns its key id."""
        key_id = str(self.make_id())
        kept = self.state.secrets.setdefault(app_id.lower(), [])
        kept.append({"keyId": key_id, "certificate": pem})
        self.on_change()
        return key_id

    def remove_key(self, app_id: str, key_id: str) -> None:
        """Forget a secret or a certificate."""
        kept = self.state.secrets.get(app_id.lower(), [])
        kept[:] = [each for each in kept if each["keyId"] != key_id]
        self.on_change()

    def remove(self, object_id: str) -> None:
        """Forget an application with its principal, or a principal alone."""
        application = self.state.applications.pop(object_id, None)
        principals = self.state.service_principals
        if application is not None:
            app_id = application["appId"]
            for each in [key for key, one in principals.items() if one["appId"] == app_id]:
                del principals[each]
            self.state.secrets.pop(app_id.lower(), None)
            self.state.federated.pop(app_id.lower(), None)
        principals.pop(object_id, None)
        self.on_change()

    # Questions.

    def application_of(self, app_id: str) -> dict[str, Any] | None:
        """Return the application with this application (client) id."""
        found = self.state.applications.values()
        return next((each for each in found if each["appId"].lower() == app_id.lower()), None)

    def find(self, any_id: str) -> Principal | None:
        """Return the principal with this object id or application (client) id."""
        wanted = any_id.lower()
        for each in self.principals():
            if wanted in {each.object_id.lower(), each.app_id.lower()}:
                return each
        return None

    def principals(self) -> Iterator[Principal]:
        """Yield service principals, then managed identities."""
        for each in self.state.service_principals.values():
            yield Principal(object_id=each["id"], app_id=each["appId"], name=each["displayName"])
        for document in self._resources.select(lambda each: _identity_of(each) is not None):
            found = _identity_of(document)
            if found is not None:
                yield found

    def keys_of(self, app_id: str) -> tuple[Mapping[str, str], ...]:
        """Return the secrets and certificates of an application."""
        return tuple(self.state.secrets.get(app_id.lower(), ()))

    def federated_of(self, app_id: str) -> list[Mapping[str, Any]]:
        """Return the federated credentials of an application or a managed identity."""
        found: list[Mapping[str, Any]] = list(self.state.federated.get(app_id.lower(), ()))
        principal = self.find(app_id)
        if principal is not None and principal.resource_id:
            documents = self._resources.of_type(FEDERATED, principal.resource_id)
            found.extend(each["properties"] for each in documents)
        return found


def _identity_of(document: Mapping[str, Any]) -> Principal | None:
    if str(document.get("type", "")).lower() == IDENTITY.lower():
        held: Mapping[str, Any] = document.get("properties") or {}
    else:
        held = document.get("identity") or {}
    if not held.get("principalId"):
        return None
    return Principal(
        object_id=held["principalId"],
        app_id=held.get("clientId", ""),
        name=document["name"],
        resource_id=document["id"],
    )
