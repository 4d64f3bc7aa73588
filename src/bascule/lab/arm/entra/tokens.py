"""Access tokens: issued to principals, and read again where one is shown."""

from collections.abc import Callable, Collection
from typing import Any, Final
from uuid import UUID

from bascule.clock import Clock
from bascule.lab.arm.entra import jwt
from bascule.lab.arm.entra.directory import Directory, Principal
from bascule.lab.arm.requests import ArmRefusal, Caller

LIFETIME_S: Final = 3_600
_PUBLIC: Final = {"https://management.azure.com", "https://management.core.windows.net"}


class TokenDesk:
    """Issues and reads the tokens of one tenant."""

    def __init__(
        self,
        signer: jwt.Signer,
        directory: Directory,
        *,
        clock: Clock,
        tenant_id: str,
        url: str,
        make_id: Callable[[], UUID],
    ) -> None:
        self.signer = signer
        self._directory = directory
        self._clock = clock
        self.tenant_id = tenant_id
        self.url = url
        self._make_id = make_id

    @property
    def issuer(self) -> str:
        """Return who the tokens are from."""
        return f"{self.url}/{self.tenant_id}/v2.0"

    def now_s(self) -> float:
        """Return the time in seconds since 1970."""
        return self._clock.now().timestamp()

    def issue(self, principal: Principal, audience: str) -> str:
        """Return an access token for an audience, as it was asked for."""
        now_s = int(self.now_s())
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + LIFETIME_S,
            "appid": principal.app_id,
            "azp": principal.app_id,
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self.tenant_id,
            "uti": str(self._make_id()),
            "ver": "2.0",
        }
        if principal.resource_id:
            claims["xms_mirid"] = principal.resource_id
        return self.signer.sign(claims)

    def authenticate(self, authorization: str, audiences: Collection[str] = ()) -> Caller:
        """Return who shows this `Authorization` header. Raises ArmRefusal 401.

        `audiences` are those that the token may be made for; ARM's if none is given.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._refusal(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            )
        try:
            claims = jwt.verify(token, self.signer.public_key)
        except jwt.InvalidJwtError as error:
            raise self._refusal(
                "InvalidAuthenticationToken", f"The access token is invalid: {error}."
            ) from error
        if claims["exp"] <= self.now_s():
            raise self._refusal(
                "ExpiredAuthenticationToken", "The access token expiry UTC time is in the past."
            )
        wanted = audiences or {self.url, *_PUBLIC}
        if claims["aud"].rstrip("/") not in wanted:
            raise self._refusal(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource "
                f"'{claims['aud']}'. It should exactly match '{next(iter(audiences), self.url)}/'.",
            )
        if self._directory.find(claims["oid"]) is None:
            raise self._refusal("InvalidAuthenticationToken", "The principal has been deleted.")
        return Caller(
            tenant_id=claims["tid"], object_id=claims["oid"], app_id=claims.get("appid", "")
        )

    def _refusal(self, code: str, message: str) -> ArmRefusal:
        challenge = (
            f'Bearer authorization_uri="{self.url}/{self.tenant_id}", error="invalid_token", '
            f'error_description="{message}"'
        )
        return ArmRefusal(
            401,
            code,
            message,
            headers={"WWW-Authenticate": challenge, "x-ms-failure-cause": "gateway"},
        )
