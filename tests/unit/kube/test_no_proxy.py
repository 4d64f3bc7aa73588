import pytest

from bascule.kube.no_proxy import is_direct


@pytest.mark.parametrize(
    ("host", "no_proxy"),
    [
        ("localhost", ""),
        ("127.0.0.1", ""),
        ("127.64.0.9", ""),
        ("::1", ""),
        ("api.example.com", "*"),
        ("api.example.com", "example.com"),
        ("api.example.com", ".example.com"),
        ("api.example.com", "*.example.com"),
        ("API.example.com", "other.org, api.EXAMPLE.com"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3"),
        ("fd00::5", "fd00::/16"),
    ],
)
def test_these_are_reached_directly(host: str, no_proxy: str) -> None:
    assert is_direct(host, no_proxy)


@pytest.mark.parametrize(
    ("host", "no_proxy"),
    [
        ("api.example.com", ""),
        ("api.example.com", "ample.com"),
        ("example.com", ".example.com"),
        ("10.1.2.3", "11.0.0.0/8,example.com"),
        ("10.1.2.3", "fd00::/16"),
        ("api.example.com", " , "),
    ],
)
def test_these_go_through_the_proxy(host: str, no_proxy: str) -> None:
    assert not is_direct(host, no_proxy)
