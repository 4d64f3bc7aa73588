import pytest

from bascule.redact import MASK, redact

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        pytest.param(f"key: {KEY} end", "MIIEow", id="private key"),
        pytest.param("-----BEGIN PRIVATE KEY-----\nMIIEcut", "MIIEcut", id="torn private key"),
        pytest.param("Authorization: Bearer abcdef123456", "abcdef123456", id="bearer token"),
        pytest.param("got eyJhbGciOiJSUzI1.eyJzdWIi.c2ln", "eyJzdWIi", id="jwt"),
        pytest.param("postgresql://me:hunter2@db/x", "hunter2", id="password in url"),
        pytest.param("?password=hunter2&x=1", "hunter2", id="password in query"),
        pytest.param("client-key-data: TUlJRQ==", "TUlJRQ==", id="kubeconfig key"),
        pytest.param('{"token": "s3cr3t"}', "s3cr3t", id="json token"),
    ],
)
def test_a_secret_is_masked(text: str, secret: str) -> None:
    result = redact(text)

    assert secret not in result
    assert MASK in result


def test_ordinary_text_is_left_alone() -> None:
    text = "switched blue to green at https://shop.example.com/basket?id=7"

    assert redact(text) == text
