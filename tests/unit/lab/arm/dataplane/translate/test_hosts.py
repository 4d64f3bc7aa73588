"""Host names of listeners: conditions on the host, and names for TLS."""

import re

import pytest

from bascule.lab.arm.dataplane.translate.gateway import child_of
from bascule.lab.arm.dataplane.translate.hosts import (
    exactness,
    host_names,
    match_hosts,
    server_names,
)
from tests.support.arm_gateways import listener


def _holds(names: list[str], host: str) -> bool:
    (condition,) = match_hosts(names)
    return bool(re.fullmatch(condition["string_match"]["safe_regex"]["regex"], host))


@pytest.mark.parametrize(
    ("name", "host", "holds"),
    [
        ("shop.example.com", "shop.example.com", True),
        ("shop.example.com", "SHOP.example.com:8080", True),
        ("shop.example.com", "shopXexample.com", False),
        ("shop.example.com", "a.shop.example.com", False),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("s?op.example.com", "stop.example.com", True),
        ("s?op.example.com", "stoop.example.com", False),
        ("shop.*.com", "shop.any.com", True),
    ],
)
def test_a_name_holds_for_a_host_whatever_its_case_and_port(
    name: str, host: str, *, holds: bool
) -> None:
    assert _holds([name], host) is holds


def test_a_basic_listener_has_no_condition() -> None:
    assert match_hosts(host_names(child_of(listener()))) == []


def test_exact_names_come_before_wildcards_and_those_before_all() -> None:
    listeners = [listener("a"), listener("b", "*.x"), listener("c", "y", "z")]

    assert [exactness(child_of(each)) for each in listeners] == [2, 1, 0]


def test_a_client_of_tls_is_told_apart_by_exact_names_and_leading_wildcards() -> None:
    assert server_names(["a.com", "*.b.com", "c.*.com", "?.com"]) == ["a.com", "*.b.com"]
