from bascule.checks.inventory import HostScope
from tests.support.inventories import facts, inventory


def test_a_scope_without_names_has_every_host() -> None:
    assert HostScope().has("a.example.com")


def test_a_scope_has_only_the_hosts_that_it_includes() -> None:
    scope = HostScope(include=("a.example.com",))

    assert scope.has("a.example.com")
    assert not scope.has("b.example.com")


def test_an_excluded_host_is_never_in_scope() -> None:
    scope = HostScope(include=("a.example.com",), exclude=("a.example.com",))

    assert not scope.has("a.example.com")


def test_an_inventory_is_known_once_both_clusters_are() -> None:
    assert inventory().is_known
    assert not inventory(green=facts(reason="connection refused")).is_known
