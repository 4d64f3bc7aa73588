"""Addresses of ARM and the loopback addresses that stand for them."""

import pytest

from bascule.lab.arm.addresses import UnmappableAddressError, azure_address, real_address


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("10.240.0.7", "127.240.0.7"),
        ("10.0.0.4", "127.0.0.4"),
        ("127.255.0.1", "127.255.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("Shop.Localhost.", "127.0.0.1"),
    ],
)
def test_what_stands_for_this_machine_is_a_loopback_address(text: str, real: str) -> None:
    assert real_address(text) == real


@pytest.mark.parametrize(
    "text", ["192.168.0.1", "10.255.0.1", "::1", "shop.example.com", "10.0.0", ""]
)
def test_what_cannot_be_mapped_raises(text: str) -> None:
    with pytest.raises(UnmappableAddressError):
        real_address(text)


@pytest.mark.parametrize(
    ("real", "text"),
    [
        ("127.240.0.7", "10.240.0.7"),
        ("127.255.0.1", "127.255.0.1"),
        ("10.1.0.4", "10.1.0.4"),
    ],
)
def test_a_loopback_address_is_called_as_arm_calls_it(real: str, text: str) -> None:
    assert azure_address(real) == text
