import pytest

from bascule.manifest.objects import AddressFamily, EndpointSlice, Service, ServicePort
from bascule.manifest.parse import parse_object
from tests.support.manifests import service, view
from tests.support.raw_objects import Raw, raw_service, raw_slice


def _slice(**fields: object) -> EndpointSlice:
    found = parse_object(raw_slice() | fields)
    assert isinstance(found, EndpointSlice)
    return found


def test_a_service_has_its_tcp_ports() -> None:
    found = view(
        service(
            spec="ports: [{port: 80, name: http, appProtocol: kubernetes.io/h2c},"
            " {port: 53, protocol: UDP, name: dns}, {name: portless}]"
        ),
        Service,
    )

    assert found.ports == (ServicePort(name="http", number=80, app_protocol="kubernetes.io/h2c"),)
    assert not found.is_external_name


@pytest.mark.parametrize(
    ("spec", "family"),
    [
        ("ipFamilies: [IPv6, IPv4]", AddressFamily.IPV6),
        ("ipFamilies: [IPv4, IPv6]", AddressFamily.IPV4),
        ("clusterIP: None", AddressFamily.IPV4),
    ],
    ids=["six", "four", "unsaid"],
)
def test_the_first_family_of_a_service_is_preferred(spec: str, family: AddressFamily) -> None:
    assert view(service(spec=spec), Service).family is family


def test_a_broken_service_has_a_fault_and_no_ports() -> None:
    found = parse_object(raw_service() | {"spec": {"ports": [{"port": "80"}]}})

    assert isinstance(found, Service)
    assert found.ports == ()
    assert [fault.message for fault in found.faults] == [
        "spec: port should be a number and is text"
    ]


def test_null_lists_of_a_slice_are_empty() -> None:
    found = _slice(endpoints=None, ports=None)

    assert (found.endpoints, found.ports, found.faults) == ((), (), ())


def test_a_slice_of_no_service_is_not_read() -> None:
    raw = raw_slice()
    del raw["metadata"]["labels"]

    assert parse_object(raw) is None


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (None, (True, True, False)),
        ({"ready": None}, (True, True, False)),
        ({"ready": False}, (False, False, False)),
        ({"ready": False, "serving": True, "terminating": True}, (False, True, True)),
        ({"ready": True, "serving": None}, (True, True, False)),
    ],
    ids=["absent", "null", "unready", "terminating", "ready"],
)
def test_absent_conditions_mean_what_the_api_says(
    conditions: Raw | None, expected: tuple[bool, bool, bool]
) -> None:
    found = _slice(endpoints=[{"addresses": ["10.0.0.1"], "conditions": conditions}])

    (endpoint,) = found.endpoints
    assert (endpoint.is_ready, endpoint.is_serving, endpoint.is_terminating) == expected


def test_only_tcp_ports_with_a_number_count() -> None:
    ports = [{"name": "http", "port": 80}, {"name": "u", "port": 1, "protocol": "UDP"}, {}]

    assert _slice(ports=ports).ports == (("http", 80),)


def test_an_address_that_is_none_costs_only_itself() -> None:
    endpoints = [{"addresses": ["10.0.0.1", "10.0.0.256", "fd00::1"]}]

    found = _slice(endpoints=endpoints)

    assert found.endpoints[0].addresses == ("10.0.0.1",)
    assert [fault.message for fault in found.faults] == [
        "'10.0.0.256' is not an IPv4 address",
        "'fd00::1' is not an IPv4 address",
    ]


def test_addresses_of_ipv6_are_written_one_way() -> None:
    found = _slice(addressType="IPv6", endpoints=[{"addresses": ["FD00:0:0::1"]}])

    assert (found.family, found.endpoints[0].addresses) == (AddressFamily.IPV6, ("fd00::1",))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"addressType": "IPX"}, "AddressTypeInvalid"),
        ({"addressType": "FQDN"}, "AddressTypeRefused"),
        ({"endpoints": [3]}, "EndpointSliceInvalid"),
    ],
    ids=["family", "names", "endpoint"],
)
def test_a_broken_slice_has_a_fault_and_no_endpoints(fields: Raw, code: str) -> None:
    found = _slice(**fields)

    assert found.service == "web"
    assert found.endpoints == ()
    assert [fault.code for fault in found.faults] == [code]


@pytest.mark.parametrize(
    ("target", "pod"),
    [
        ({"kind": "Pod", "name": "web-1"}, "web-1"),
        ({"kind": "Node", "name": "node-1"}, ""),
        ({"kind": "Pod", "name": 7}, ""),
        (None, ""),
        ("web-1", ""),
    ],
    ids=["pod", "node", "nameless", "none", "malformed"],
)
def test_an_endpoint_names_the_pod_behind_it(target: object, pod: str) -> None:
    found = _slice(endpoints=[{"addresses": ["10.0.0.1"], "targetRef": target}])

    assert [endpoint.pod for endpoint in found.endpoints] == [pod]
    assert found.faults == ()
