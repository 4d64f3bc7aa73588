"""From a connection and a header to a user, or a 401."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bascule.lab.kubeapi.access import users
from bascule.lab.kubeapi.access.tokens import ISSUER, InvalidTokenError, TokenIssuer
from bascule.lab.kubeapi.access.users import User
from bascule.lab.kubeapi.store import Store

_EXTRA: Final = "authentication.kubernetes.io/"


class Authenticator:
    """Knows the fixed tokens, and verifies those of service accounts against the store."""

    def __init__(
        self, store: Store, issuer: TokenIssuer, *, user_by_token: Mapping[str, User]
    ) -> None:
        self._store = store
        self._issuer = issuer
        self._user_by_token = user_by_token
        self.outer: Callable[[str], User | None] = lambda _token: None
        """Returns whom a token of somebody else's stands for."""

    def authenticate(self, peer_certificate: Mapping[str, Any] | None, authorization: str) -> User:
        """Return who asks; a StatusError 401 for a token that is not accepted.

        Without a certificate and a token it is `system:anonymous`.
        """
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() == "bearer" and token:
            return self.token_user(token.strip(), audience=ISSUER)
        if peer_certificate:
            return users.certificate_user(peer_certificate)
        if authorization:
            raise users.unauthorized()
        return users.ANONYMOUS

    def token_user(self, token: str, *, audience: str) -> User:
        """Return whom a bearer token stands for; a StatusError 401 if nobody."""
        known = self._user_by_token.get(token)
        known = known if known is not None else self.outer(token)
        if known is not None:
            return known
        try:
            claims = self._issuer.verify(token, audience=audience, now=self._store.clock.now())
            return self._account_user(claims)
        except (InvalidTokenError, KeyError) as error:
            raise users.unauthorized() from error

    def _account_user(self, claims: Mapping[str, Any]) -> User:
        details = claims["kubernetes.io"]
        namespace, account = details["namespace"], details["serviceaccount"]
        found = self._store.find("serviceaccounts", account["name"], namespace)
        if found is None or found["metadata"]["uid"] != account["uid"]:
            raise InvalidTokenError("the service account is gone")
        extra = {f"{_EXTRA}credential-id": (f"JTI={claims['jti']}",)}
        for kind in ("pod", "node"):
            if kind in details:
                extra[f"{_EXTRA}{kind}-name"] = (details[kind]["name"],)
                extra[f"{_EXTRA}{kind}-uid"] = (details[kind]["uid"],)
        return users.service_account_user(namespace, account["name"], account["uid"], extra)
