"""Microsoft Graph, as far as `az ad sp create-for-rbac` and role assignments ask it."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from bascule.lab.arm.entra.directory import PRINCIPALS_MAX, Directory, Principal
from bascule.lab.arm.odata import matches, parse_filter
from bascule.lab.arm.requests import ArmRefusal, ArmReply

VERSIONS: Final = {"v1.0", "beta"}
_EMPTY: Final = {"users", "groups", "oauth2permissiongrants", "devices"}
_SECRETS: Final = {"passwordCredentials", "keyCredentials"}
Kept = dict[str, dict[str, Any]]


class Graph:
    """Answers below `/v1.0`."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def answer(
        self, method: str, segments: Sequence[str], query: Mapping[str, str], body: Any
    ) -> ArmReply:
        """Answer a request; the segments begin behind the version. Raises ArmRefusal."""
        kind = segments[0].lower() if segments else ""
        rest = tuple(segments[1:])
        given: dict[str, Any] = body if isinstance(body, dict) else {}
        if kind in {"applications", "serviceprincipals"}:
            return self._objects(method, kind, rest, (query, given))
        if kind == "directoryobjects":
            return self._directory_objects(method, rest, given)
        if kind in _EMPTY and method == "GET" and not rest:
            return ArmReply(body={"value": []})
        raise _not_found("/".join(segments))

    def _objects(
        self,
        method: str,
        kind: str,
        rest: tuple[str, ...],
        asked: tuple[Mapping[str, str], dict[str, Any]],
    ) -> ArmReply:
        query, body = asked
        if not rest:
            if method == "GET":
                return ArmReply(body={"value": self._list(kind, query)})
            return self._create(kind, body)
        document = self._find(kind, rest[0])
        if len(rest) == 1:
            return self._one(method, document, body)
        actions: Mapping[str, Callable[[dict[str, Any], dict[str, Any]], ArmReply]] = {
            "addpassword": self._add_password,
            "removepassword": self._remove_password,
            "owners": lambda _document, _body: ArmReply(body={"value": []}),
        }
        verb = rest[1].lower()
        if verb == "federatedidentitycredentials":
            return self._federated(method, document, rest[2:], body)
        if verb not in actions:
            raise _not_found("/".join(rest))
        return actions[verb](document, body)

    # Objects.

    def _list(self, kind: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        conditions = parse_filter(query.get("$filter", ""))
        return [each for each in self._all(kind) if matches(conditions, each)][:PRINCIPALS_MAX]

    def _all(self, kind: str) -> list[dict[str, Any]]:
        state = self._directory.state
        if kind == "applications":
            return [_shown(each) for each in state.applications.values()]
        managed = [each for each in self._directory.principals() if each.resource_id]
        return [*state.service_principals.values(), *(_managed(each) for each in managed)]

    def _find(self, kind: str, name: str) -> dict[str, Any]:
        wanted = name.lower()
        if wanted.startswith("appid="):
            wanted = wanted.removeprefix("appid=").strip("'")
        for each in self._all(kind):
            if wanted in {each["id"].lower(), each["appId"].lower()}:
                return each
        raise _not_found(name)

    def _create(self, kind: str, body: dict[str, Any]) -> ArmReply:
        if kind == "applications":
            more = {key: value for key, value in body.items() if key not in _SECRETS}
            name = str(more.pop("displayName", ""))
            application = self._directory.add_application(name, **more)
            self._add_keys(application, body)
            return ArmReply(status=201, body=_shown(application))
        app_id = str(body.get("appId", ""))
        principals = self._directory.state.service_principals.values()
        if any(each["appId"].lower() == app_id.lower() for each in principals):
            message = (
                "The service principal cannot be created because the service principal name "
                f"{app_id} is already in use."
            )
            raise ArmRefusal(409, "Request_MultipleObjectsWithSameKeyValue", message)
        try:
            return ArmReply(status=201, body=self._directory.add_service_principal(app_id))
        except KeyError as error:
            message = (
                f"The appId '{app_id}' of the service principal does not reference a valid "
                "application object."
            )
            raise ArmRefusal(400, "Request_BadRequest", message) from error

    def _one(self, method: str, document: dict[str, Any], body: dict[str, Any]) -> ArmReply:
        if method == "GET":
            return ArmReply(body=document)
        if method == "DELETE":
            self._directory.remove(document["id"])
            return ArmReply(status=204)
        state = self._directory.state
        for kept in (state.applications, state.service_principals):
            if document["id"] in kept:
                changed = {key: value for key, value in body.items() if key not in _SECRETS}
                kept[document["id"]].update(changed)
        self._add_keys(document, body)
        self._directory.on_change()
        return ArmReply(status=204)

    # Credentials.

    def _add_password(self, document: dict[str, Any], body: dict[str, Any]) -> ArmReply:
        key_id, secret = self._directory.add_secret(document["appId"])
        asked = body.get("passwordCredential") or {}
        shown = {
            "keyId": key_id,
            "displayName": asked.get("displayName"),
            "startDateTime": asked.get("startDateTime"),
            "endDateTime": asked.get("endDateTime"),
            "hint": secret[:3],
        }
        application = self._directory.application_of(document["appId"])
        if application is not None:
            application["passwordCredentials"].append({**shown, "secretText": None})
            self._directory.on_change()
        return ArmReply(body={**shown, "secretText": secret})

    def _remove_password(self, document: dict[str, Any], body: dict[str, Any]) -> ArmReply:
        key_id = str(body.get("keyId", ""))
        application = self._directory.application_of(document["appId"])
        if application is not None:
            kept = application["passwordCredentials"]
            application["passwordCredentials"] = [each for each in kept if each["keyId"] != key_id]
        self._directory.remove_key(document["appId"], key_id)
        return ArmReply(status=204)

    def _add_keys(self, document: dict[str, Any], body: dict[str, Any]) -> None:
        for each in body.get("keyCredentials") or ():
            if not each.get("key"):
                continue
            pem = _pem(str(each["key"]))
            key_id = self._directory.add_certificate(document["appId"], pem)
            application = self._directory.application_of(document["appId"])
            if application is not None:
                shown = {key: value for key, value in each.items() if key != "key"}
                application["keyCredentials"].append({**shown, "keyId": key_id})

    def _federated(
        self, method: str, document: dict[str, Any], rest: Sequence[str], body: dict[str, Any]
    ) -> ArmReply:
        app_id = document["appId"].lower()
        kept = self._directory.state.federated.setdefault(app_id, [])
        if method == "POST":
            made = {"id": str(self._directory.make_id()), **body}
            kept.append(made)
            self._directory.on_change()
            return ArmReply(status=201, body=made)
        if not rest:
            return ArmReply(body={"value": list(kept)})
        found = [each for each in kept if rest[0] in {each["id"], each.get("name")}]
        if not found:
            raise _not_found(rest[0])
        if method == "DELETE":
            kept.remove(found[0])
            self._directory.on_change()
            return ArmReply(status=204)
        return ArmReply(body=found[0])

    def _directory_objects(
        self, method: str, rest: tuple[str, ...], body: dict[str, Any]
    ) -> ArmReply:
        if method == "POST" and rest and rest[0].lower() == "getbyids":
            wanted = {str(each).lower() for each in body.get("ids", ())}
            found = [
                each for each in self._all("serviceprincipals") if each["id"].lower() in wanted
            ]
            typed = [{"@odata.type": "#microsoft.graph.servicePrincipal", **each} for each in found]
            return ArmReply(body={"value": typed})
        if method == "GET" and len(rest) == 1:
            return ArmReply(body=self._find("serviceprincipals", rest[0]))
        raise _not_found("/".join(rest))


def _managed(principal: Principal) -> dict[str, Any]:
    return {
        "id": principal.object_id,
        "appId": principal.app_id,
        "displayName": principal.name,
        "appDisplayName": None,
        "servicePrincipalNames": [principal.app_id, principal.resource_id],
        "servicePrincipalType": "ManagedIdentity",
        "alternativeNames": ["isExplicit=True", principal.resource_id],
        "accountEnabled": True,
    }


def _shown(application: dict[str, Any]) -> dict[str, Any]:
    return dict(application)


def _pem(key: str) -> str:
    try:
        der = base64.b64decode(key)
        certificate = x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError) as error:
        raise ArmRefusal(
            400, "KeyCredentialsInvalidEncoding", "The key is no certificate."
        ) from error
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _not_found(name: str) -> ArmRefusal:
    message = (
        f"Resource '{name}' does not exist or one of its queried reference-property objects are "
        "not present."
    )
    return ArmRefusal(404, "Request_ResourceNotFound", message)
