"""Servers that left their pool, and how long they keep what they have."""

from bascule.lab.arm.dataplane.draining import find_departing, merge, still_draining
from bascule.lab.arm.dataplane.translate.backends import Backend, Server


def _server(address: str) -> Server:
    return Server(address=address, real=address)


def _backends(*addresses: str, drain_s: float = 30.0, name: str = "blue") -> dict[str, Backend]:
    servers = tuple(_server(each) for each in addresses)
    backend = Backend(
        pool=name, settings="web", port=80, servers=servers, cluster={}, drain_s=drain_s
    )
    return {backend.name: backend}


def test_a_server_that_is_taken_out_drains_as_long_as_the_new_settings_say() -> None:
    departing = find_departing(_backends("a", "b"), _backends("b", "c", drain_s=5), now_s=100)

    assert departing == {"blue~web": {_server("a"): 105}}


def test_servers_of_a_backend_that_no_rule_uses_any_more_do_not_drain() -> None:
    assert find_departing(_backends("a"), _backends("a", name="green"), now_s=100) == {}


def test_a_server_is_let_go_when_its_time_is_over_or_its_pool_has_it_again() -> None:
    draining = {"blue~web": {_server("a"): 105.0, _server("b"): 110.0, _server("c"): 110.0}}

    left = still_draining(draining, 105, _backends("b"))

    assert left == {"blue~web": {_server("c"): 110.0}}
    assert still_draining(draining, 110) == {}
    assert still_draining(draining, 0, _backends(name="green")) == {}


def test_a_server_that_drains_already_keeps_its_time() -> None:
    both = merge({"x": {_server("a"): 2.0}, "y": {}}, {"x": {_server("a"): 1.0}})

    assert both == {"x": {_server("a"): 1.0}, "y": {}}
