import pytest

from bascule.lab.controllers.network.service_addresses import ServiceAddresses
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.pods.network import balancers_of
from tests.support.lab_plane import Plane, service


@pytest.fixture
def world() -> Plane:
    world = Plane()
    addresses = ServiceAddresses(world.store, balancers_of("127.64"))
    world.store.add_admission("services", addresses.admit)
    world.controllers = [addresses]
    return world


def test_each_service_gets_an_address_of_its_own_and_keeps_it(world: Plane) -> None:
    first = world.create("services", service("a"))["spec"]["clusterIP"]
    second = world.create("services", service("b"))["spec"]["clusterIP"]

    world.change("services", "a", {"metadata": {"labels": {"x": "y"}}})

    assert first != second
    assert world.get("services", "a")["spec"]["clusterIPs"] == [first]


def test_a_wanted_address_is_given_unless_it_is_taken(world: Plane) -> None:
    world.create("services", service("a", clusterIP="10.96.9.9"))

    with pytest.raises(StatusError, match="already allocated"):
        world.create("services", service("b", clusterIP="10.96.9.9"))
    world.store.delete("services", "a", "default")

    assert world.create("services", service("b", clusterIP="10.96.9.9"))


def test_an_address_cannot_be_changed(world: Plane) -> None:
    world.create("services", service("a"))

    with pytest.raises(StatusError, match="may not change once set"):
        world.change("services", "a", {"spec": {"clusterIP": "10.96.9.9"}})


def test_a_dry_run_takes_nothing(world: Plane) -> None:
    wanted = service("a", clusterIP="10.96.9.9")
    wanted["metadata"]["namespace"] = "default"
    world.store.create("services", wanted, dry_run=True)

    assert world.create("services", service("b", clusterIP="10.96.9.9"))


def test_headless_and_external_services_have_no_address(world: Plane) -> None:
    headless = world.create("services", service("a", clusterIP="None"))
    external = service("b", type="ExternalName", externalName="example.test", clusterIP="1.2.3.4")

    assert headless["spec"]["clusterIPs"] == ["None"]
    assert "clusterIP" not in world.create("services", external)["spec"]


def test_node_ports_are_given_kept_and_refused_twice(world: Plane) -> None:
    ports = world.create("services", service("a", type="NodePort"))["spec"]["ports"]
    given = ports[0]["nodePort"]
    taken = service("b", type="NodePort")
    taken["spec"]["ports"][0]["nodePort"] = given

    with pytest.raises(StatusError, match="provided port is already allocated"):
        world.create("services", taken)
    ports = [{"name": "http", "port": 80, "targetPort": 9090}]
    world.change("services", "a", {"spec": {"ports": ports}})

    assert 30_000 <= given <= 32_767
    assert world.get("services", "a")["spec"]["ports"][0]["nodePort"] == given


def test_a_service_that_becomes_internal_gives_its_node_ports_back(world: Plane) -> None:
    world.create("services", service("a", type="NodePort"))

    world.change("services", "a", {"spec": {"type": "ClusterIP"}})

    assert "nodePort" not in world.get("services", "a")["spec"]["ports"][0]


def test_a_load_balancer_gets_an_outer_address_and_loses_it_again(world: Plane) -> None:
    world.create("services", service("a", type="LoadBalancer"))
    world.create("services", service("b", type="LoadBalancer"))
    world.settle()
    outer = [
        item["status"]["loadBalancer"]["ingress"][0]["ip"]
        for item in world.store.list("services").items
    ]

    world.change("services", "a", {"spec": {"type": "ClusterIP"}})
    world.settle()

    assert outer == ["127.64.200.1", "127.64.200.2"]
    assert world.get("services", "a")["status"]["loadBalancer"] == {}


def test_addresses_of_before_are_known_after_a_restart(world: Plane) -> None:
    given = world.create("services", service("a", type="LoadBalancer"))["spec"]["clusterIP"]
    world.settle()

    again = ServiceAddresses(world.store, balancers_of("127.64"))

    new = {"metadata": {"name": "b", "uid": "u"}, "spec": {"clusterIP": given}}
    with pytest.raises(StatusError):
        again.admit("services", new, None)
