"""The sign-in pages of one tenant: OpenID metadata, keys, and tokens for service principals.

A service principal shows who it is by a secret, by a token signed with its certificate, or by one
of an issuer that its federated credentials name.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bascule.lab.arm.entra import jwt
from bascule.lab.arm.entra.directory import Directory, Principal
from bascule.lab.arm.entra.tokens import LIFETIME_S, TokenDesk
from bascule.lab.arm.requests import ArmReply

IssuerKeys = Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
"""Returns the JSON Web Keys of a token issuer by its URL; none if it cannot be reached."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE_AUDIENCE: Final = "api://AzureADTokenExchange"
_ANY_TENANT: Final = {"common", "organizations", "consumers"}


class SignInRefused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """Sign-in says no, in the words of OAuth."""

    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.code = code
        self.message = message

    def render(self) -> ArmReply:
        """Return the answer on the wire."""
        body = {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self.message}",
            "error_codes": [self.code],
        }
        return ArmReply(status=self.status, body=body)


async def no_keys(_issuer: str) -> Sequence[Mapping[str, Any]]:
    """Know no issuer."""
    return ()


class SignIn:
    """Answers below `/TENANT`."""

    def __init__(self, desk: TokenDesk, directory: Directory, issuer_keys: IssuerKeys) -> None:
        self._desk = desk
        self._directory = directory
        self._issuer_keys = issuer_keys

    async def answer(
        self, method: str, segments: Sequence[str], form: Mapping[str, str]
    ) -> ArmReply | None:
        """Answer, or return None for a path that is not of these; the tenant comes first."""
        rest = "/".join(segments[1:]).lower()
        if rest.endswith(".well-known/openid-configuration"):
            return ArmReply(body=self._metadata(segments[0]))
        if rest in {"discovery/v2.0/keys", "discovery/keys"}:
            return ArmReply(body=self._desk.signer.key_set())
        if method == "POST" and rest in {"oauth2/v2.0/token", "oauth2/token"}:
            try:
                return ArmReply(body=await self._token(segments[0], form))
            except SignInRefused as refused:
                return refused.render()
        return None

    def _metadata(self, tenant: str) -> dict[str, Any]:
        root = f"{self._desk.url}/{tenant}"
        return {
            "issuer": self._desk.issuer,
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{root}/oauth2/v2.0/logout",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }

    async def _token(self, tenant: str, form: Mapping[str, str]) -> dict[str, Any]:
        if tenant.lower() not in _ANY_TENANT | {self._desk.tenant_id.lower()}:
            message = f"Tenant '{tenant}' not found."
            raise SignInRefused(400, "invalid_request", 90002, message)
        if form.get("grant_type") != "client_credentials":
            message = f"The grant type '{form.get('grant_type', '')}' is not supported by the lab."
            raise SignInRefused(400, "unsupported_grant_type", 70003, message)
        app_id = form.get("client_id", "")
        principal = self._directory.find(app_id)
        if principal is None or not app_id:
            message = f"Application with identifier '{app_id}' was not found in the directory."
            raise SignInRefused(400, "unauthorized_client", 700016, message)
        await self._authenticate(principal, form)
        scope = form.get("scope", "").split(" ")[0].removesuffix("/.default")
        token = self._desk.issue(principal, form.get("resource") or scope)
        return {
            "token_type": "Bearer",
            "expires_in": LIFETIME_S - 1,
            "ext_expires_in": LIFETIME_S - 1,
            "access_token": token,
        }

    async def _authenticate(self, principal: Principal, form: Mapping[str, str]) -> None:
        if form.get("client_assertion_type") == ASSERTION:
            await self._check_assertion(principal, form.get("client_assertion", ""))
            return
        given = form.get("client_secret", "").encode()
        keys = self._directory.keys_of(principal.app_id)
        if any(
            hmac.compare_digest(each.get("secret", "").encode(), given) for each in keys if given
        ):
            return
        message = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            f"client secret value, for a secret added to app '{principal.app_id}'."
        )
        raise SignInRefused(401, "invalid_client", 7000215, message)

    async def _check_assertion(self, principal: Principal, assertion: str) -> None:
        try:
            header, claims = jwt.read(assertion)
        except jwt.InvalidJwtError as error:
            raise SignInRefused(
                401, "invalid_client", 50027, f"Invalid JWT token: {error}."
            ) from error
        now_s = self._desk.now_s()
        if not float(claims.get("nbf", 0)) - 300 <= now_s < float(claims.get("exp", 0)) + 300:
            message = "Client assertion is not within its valid time range."
            raise SignInRefused(401, "invalid_client", 700024, message)
        if str(claims.get("iss", "")).lower() == principal.app_id.lower():
            self._check_certificate(principal, assertion, header)
        else:
            await self._check_federated(principal, assertion, claims)

    def _check_certificate(
        self, principal: Principal, assertion: str, header: Mapping[str, Any]
    ) -> None:
        given = (str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256"))
        wanted = {each for each in given if each}
        for each in self._directory.keys_of(principal.app_id):
            certificate = _certificate(each.get("certificate", ""))
            if certificate is None or not wanted & _thumbprints(certificate):
                continue
            key = certificate.public_key()
            if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
                _verify(assertion, key)
                return
        message = (
            "The certificate with identifier used to sign the client assertion is not registered."
        )
        raise SignInRefused(401, "invalid_client", 700027, message)

    async def _check_federated(
        self, principal: Principal, assertion: str, claims: Mapping[str, Any]
    ) -> None:
        issuer, subject = str(claims.get("iss", "")), str(claims.get("sub", ""))
        given = claims.get("aud", ())
        audiences = {given} if isinstance(given, str) else set(given)
        for each in self._directory.federated_of(principal.app_id):
            is_meant = each.get("issuer") == issuer and each.get("subject") == subject
            if is_meant and audiences & set(each.get("audiences") or (EXCHANGE_AUDIENCE,)):
                break
        else:
            message = (
                "No matching federated identity record found for presented assertion. "
                f"Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. "
                f"Assertion Audience: '{', '.join(sorted(audiences))}'."
            )
            raise SignInRefused(401, "invalid_client", 70021, message)
        keys = await self._issuer_keys(issuer)
        header, _ = jwt.read(assertion)
        found = [key for key in keys if key.get("kid") in {header.get("kid"), None}]
        if not found:
            message = (
                f"The keys of issuer '{issuer}' could not be fetched, or none of them is meant."
            )
            raise SignInRefused(401, "invalid_client", 50166, message)
        _verify(assertion, jwt.key_of(found[0]))


def _verify(assertion: str, key: jwt.PublicKey) -> None:
    try:
        jwt.verify(assertion, key)
    except jwt.InvalidJwtError as error:
        message = "Client assertion contains an invalid signature."
        raise SignInRefused(401, "invalid_client", 700027, message) from error


def _certificate(pem: str) -> x509.Certificate | None:
    return x509.load_pem_x509_certificate(pem.encode()) if pem else None


def _thumbprints(certificate: x509.Certificate) -> set[str]:
    der = certificate.public_bytes(serialization.Encoding.DER)
    sha1 = hashlib.sha1(der, usedforsecurity=False).digest()
    return {jwt.encode(sha1), jwt.encode(certificate.fingerprint(hashes.SHA256()))}
