from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bascule.lab.kubeapi.access.authentication import Authenticator
from bascule.lab.kubeapi.access.tokens import ISSUER, Account, InvalidTokenError, TokenIssuer
from bascule.lab.kubeapi.access.users import ANONYMOUS, User, certificate_user
from bascule.lab.kubeapi.objects.statuses import StatusError
from tests.support.lab_store import START, MovableClock, new_store

ROBOT = Account(namespace="shop", name="robot", uid="u1", bound_object=("pod", "p", "u2"))


def new_issuer() -> TokenIssuer:
    return TokenIssuer(ec.generate_private_key(ec.SECP256R1()))


def issue(issuer: TokenIssuer, account: Account = ROBOT) -> str:
    return issuer.issue(account, audiences=[ISSUER], now=START, lifetime_s=600)


def test_a_token_says_whose_it_is() -> None:
    issuer = new_issuer()

    claims = issuer.verify(issue(issuer), audience=ISSUER, now=START)

    assert claims["sub"] == "system:serviceaccount:shop:robot"
    assert claims["kubernetes.io"]["pod"] == {"name": "p", "uid": "u2"}
    assert claims["exp"] - claims["iat"] == 600
    assert issuer.key_set()["keys"][0]["kid"] == issuer.key_id


@pytest.mark.parametrize("fault", ["late", "early", "audience", "signature", "form"])
def test_a_token_that_is_not_good_is_refused(fault: str) -> None:
    issuer = new_issuer()
    other = new_issuer()
    token = {"signature": issue(other), "form": "no.token"}.get(fault, issue(issuer))
    now = {"late": START + timedelta(seconds=600), "early": START - timedelta(seconds=60)}

    with pytest.raises(InvalidTokenError):
        issuer.verify(
            token,
            audience="another" if fault == "audience" else ISSUER,
            now=now.get(fault, START),
        )


def test_the_user_of_a_token_is_its_account_as_long_as_that_is_there() -> None:
    store = new_store(clock=MovableClock())
    created = store.create("serviceaccounts", {"metadata": {"name": "robot", "namespace": "shop"}})
    issuer = new_issuer()
    authenticator = Authenticator(store, issuer, user_by_token={"abc": User(name="joe")})
    account = Account(namespace="shop", name="robot", uid=created["metadata"]["uid"])
    header = f"Bearer {issue(issuer, account)}"

    user = authenticator.authenticate(None, header)
    store.delete("serviceaccounts", "robot", "shop")

    assert user.name == "system:serviceaccount:shop:robot"
    assert "system:serviceaccounts:shop" in user.groups
    with pytest.raises(StatusError):
        authenticator.authenticate(None, header)
    assert authenticator.authenticate(None, "Bearer abc").name == "joe"


def test_a_certificate_and_nothing_are_users_too() -> None:
    authenticator = Authenticator(new_store(), new_issuer(), user_by_token={})
    subject = ((("organizationName", "devs"),), (("commonName", "jane"),))

    user = authenticator.authenticate({"subject": subject}, "")

    assert user == certificate_user({"subject": subject})
    assert (user.name, user.groups) == ("jane", ("devs", "system:authenticated"))
    assert authenticator.authenticate(None, "") == ANONYMOUS
    with pytest.raises(StatusError):
        authenticator.authenticate(None, "Basic abc")
