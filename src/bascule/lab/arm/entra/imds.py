"""Tokens for managed identities, as a virtual machine's metadata service gives them."""

from collections.abc import Mapping
from typing import Final

from bascule.lab.arm.entra.directory import Directory, Principal
from bascule.lab.arm.entra.tokens import LIFETIME_S, TokenDesk
from bascule.lab.arm.requests import ArmReply

PATH: Final = "/metadata/identity/oauth2/token"


class MetadataService:
    """Answers plain HTTP on a loopback address; the machine's own identity is `machine_id`."""

    def __init__(self, desk: TokenDesk, directory: Directory, machine_id: str) -> None:
        self._desk = desk
        self._directory = directory
        self._machine_id = machine_id

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> ArmReply:
        """Answer a request; header names are in lower case."""
        if path.rstrip("/").lower() != PATH:
            return _error(404, "not_found", f"There is nothing at {path}.")
        if headers.get("metadata", "").lower() != "true":
            return _error(400, "bad_request", "Required metadata header not specified")
        resource = query.get("resource", "")
        if not resource:
            return _error(400, "invalid_request", "Required query variable 'resource' is missing")
        principal = self._find(query)
        if principal is None:
            return _error(400, "invalid_request", "Identity not found")
        expires_s = int(self._desk.now_s()) + LIFETIME_S
        body = {
            "access_token": self._desk.issue(principal, resource),
            "client_id": principal.app_id,
            "expires_in": str(LIFETIME_S),
            "expires_on": str(expires_s),
            "ext_expires_in": str(LIFETIME_S),
            "not_before": str(expires_s - LIFETIME_S),
            "resource": resource,
            "token_type": "Bearer",
        }
        return ArmReply(body=body)

    def _find(self, query: Mapping[str, str]) -> Principal | None:
        resource_id = query.get("mi_res_id") or query.get("msi_res_id") or ""
        if resource_id:
            found = self._directory.principals()
            wanted = resource_id.lower()
            return next((each for each in found if each.resource_id.lower() == wanted), None)
        any_id = query.get("client_id") or query.get("object_id") or self._machine_id
        return self._directory.find(any_id)


def _error(status: int, error: str, message: str) -> ArmReply:
    return ArmReply(status=status, body={"error": error, "error_description": message})
