import pytest

from bascule.lab.pods.network import PODS_FIRST, PODS_LAST, NoAddressError, PodNetwork


def test_addresses_are_given_once_and_late_again() -> None:
    network = PodNetwork("127.64")
    first = network.allocate()
    network.release(first)

    assert first.address == "127.64.1.1"
    assert network.allocate().address == "127.64.1.2"


def test_a_pod_gets_its_address_of_before_if_it_can() -> None:
    network = PodNetwork("127.64")

    assert network.allocate("127.64.7.9").address == "127.64.7.9"
    assert network.allocate("127.64.7.9").address != "127.64.7.9"
    assert network.allocate("10.0.0.1").address.startswith("127.64.")
    assert network.allocate("127.64.201.1").address.startswith("127.64.1.")


def test_a_full_network_says_so() -> None:
    network = PodNetwork("127.64")
    network._taken = set(range(PODS_FIRST, PODS_LAST))

    with pytest.raises(NoAddressError):
        network.allocate()


def test_a_port_is_bound_as_it_is_or_replaced_where_there_are_no_aliases() -> None:
    plain, without = PodNetwork("127.64"), PodNetwork("127.64", has_aliases=False)

    [binding] = plain.bind(plain.allocate(), [8080, 8080])
    [moved] = without.bind(without.allocate(), [8080])

    assert binding == (8080, "127.64.1.1", 8080)
    assert moved.address == "127.0.0.1"
    assert moved.port not in {0, 8080}


def test_a_port_that_only_root_may_have_is_moved_up() -> None:
    network = PodNetwork("127.64", lowest_port=1_024)

    bindings = network.bind(network.allocate(), [80, 8080])

    assert [binding.port for binding in bindings] == [30_080, 8080]
