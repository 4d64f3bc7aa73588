import pytest

from bascule.lab.pods.network import NoAddressError, PodNetwork, balancers_of, pods_of, span


def test_addresses_are_given_once_and_late_again() -> None:
    network = PodNetwork(pods_of("127.64"))
    first = network.allocate()
    network.release(first)

    assert first.address == "127.64.1.1"
    assert network.allocate().address == "127.64.1.2"


def test_a_pod_gets_its_address_of_before_if_it_can() -> None:
    network = PodNetwork(pods_of("127.64"))

    assert network.allocate("127.64.7.9").address == "127.64.7.9"
    assert network.allocate("127.64.7.9").address != "127.64.7.9"
    assert network.allocate("10.0.0.1").address.startswith("127.64.")
    assert network.allocate("127.64.201.1").address.startswith("127.64.1.")


def test_a_full_network_says_so() -> None:
    network = PodNetwork(span("10.240.0.255", "10.240.1.1"))
    network.allocate()

    with pytest.raises(NoAddressError):
        network.allocate()


def test_a_port_is_bound_as_it_is_or_replaced_where_there_are_no_aliases() -> None:
    plain, without = PodNetwork(pods_of("127.64")), PodNetwork(pods_of("127.64"), has_aliases=False)

    [binding] = plain.bind(plain.allocate(), [8080, 8080])
    [moved] = without.bind(without.allocate(), [8080])

    assert binding == (8080, "127.64.1.1", 8080)
    assert moved.address == "127.0.0.1"
    assert moved.port not in {0, 8080}


def test_a_port_that_only_root_may_have_is_moved_up() -> None:
    network = PodNetwork(pods_of("127.64"), lowest_port=1_024)

    bindings = network.bind(network.allocate(), [80, 8080])

    assert [binding.port for binding in bindings] == [30_080, 8080]


def test_objects_show_one_address_and_processes_bind_another() -> None:
    near = PodNetwork(span("10.240.1.0", "10.240.11.255", "127"))
    hidden = PodNetwork(span("10.244.0.1", "10.244.255.254", "127.70"))

    [binding] = near.bind(near.allocate(), [8080])
    [moved] = hidden.bind(hidden.allocate(), [8080])

    assert near.allocate("10.240.3.4").address == "10.240.3.4"
    assert binding.address == "127.240.1.1"
    assert moved.address == "127.70.0.1"


def test_load_balancers_have_the_upper_part_of_a_network() -> None:
    addresses = balancers_of("127.64")

    assert addresses.holds("127.64.200.1")
    assert addresses.real("127.64.200.1") == "127.64.200.1"
    assert not addresses.holds("127.64.199.255")
    assert not addresses.holds("web")
