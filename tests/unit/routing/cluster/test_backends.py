import pytest

from bascule.ids import Cluster
from bascule.manifest.objects import (
    AddressFamily,
    EndpointSlice,
    Pod,
    Service,
    ServiceBackend,
    UnusableBackend,
)
from bascule.routing.cluster.backends import (
    BackendKey,
    ResolvedBackend,
    resolve_backend,
    select_endpoints,
)
from bascule.routing.model import BackendProtocol, Endpoint, Severity
from tests.support.manifests import endpoints, pod, service, snapshot, view

READY, NOT_READY = "ready: true", "ready: false"
TERMINATING = "ready: false, serving: true, terminating: true"
STUBBORN = "ready: true, serving: true, terminating: true"
SERVING = "ready: false, serving: true"


def _resolve(wanted: str | int, *texts: str) -> ResolvedBackend:
    world = snapshot(*texts)
    return resolve_backend(
        Cluster.BLUE,
        BackendKey("shop", ServiceBackend("web", wanted)),
        world.service("shop", "web"),
        list(world.endpoint_slices()),
    )


def _addresses(*texts: str, family: AddressFamily = AddressFamily.IPV4) -> list[str]:
    slices = [view(text, EndpointSlice) for text in texts]
    return [e.address for e in select_endpoints(slices, "http", family)]


@pytest.mark.parametrize("wanted", [80, "http"], ids=["number", "name"])
def test_a_port_is_found_by_number_and_by_name_and_is_one_backend(wanted: str | int) -> None:
    found = _resolve(wanted, service(), endpoints("10.0.0.2", "10.0.0.1"))

    assert found.backend.name == "blue/shop/web/http"
    assert found.backend.endpoints == (Endpoint("10.0.0.1", 8080), Endpoint("10.0.0.2", 8080))
    assert found.fault is None
    assert found.problems == ()


def test_a_port_without_a_name_is_called_by_its_number() -> None:
    unnamed = endpoints("10.0.0.1").replace("name: http, ", "")

    found = _resolve(80, service(spec="ports: [{port: 80}]"), unnamed)

    assert found.backend.name == "blue/shop/web/80"
    assert found.backend.is_ready


@pytest.mark.parametrize(
    ("texts", "code", "message"),
    [
        ((), "ServiceNotFound", "there is no Service web"),
        (
            (service(spec="type: ExternalName, externalName: example.com"),),
            "ExternalNameRefused",
            "Service web is an ExternalName, which has no endpoints",
        ),
        (
            (service(spec="ports: [{port: 81, name: http}, {port: 82}]"),),
            "ServicePortNotFound",
            "Service web has no TCP port 80; it has 81 (http), 82",
        ),
        ((service(spec="clusterIP: None"),), "ServicePortNotFound", "it has none"),
    ],
    ids=["service", "external", "port", "portless"],
)
def test_what_cannot_be_found_is_a_backend_without_endpoints(
    texts: tuple[str, ...], code: str, message: str
) -> None:
    found = _resolve(80, *texts, endpoints("10.0.0.1"))

    assert found.backend.name == "blue/shop/web/80"
    assert not found.backend.is_ready
    assert found.fault is not None
    assert found.fault.code == code
    assert message in found.fault.message


def test_a_backend_that_is_no_service_is_refused() -> None:
    key = BackendKey("shop", UnusableBackend("resource Bucket/b"))

    found = resolve_backend(Cluster.GREEN, key, None, ())

    assert found.backend.name == "green/shop/-/-"
    assert found.fault is not None
    assert found.fault.code == "BackendUnusable"


def test_a_broken_service_says_so_itself() -> None:
    broken = view(service(spec="ports: 5"), Service)

    key = BackendKey("shop", ServiceBackend("web", 80))
    found = resolve_backend(Cluster.BLUE, key, broken, ())

    assert [(p.kind, p.code) for p in found.problems] == [("Service", "ServiceInvalid")]


def test_a_broken_slice_says_so_and_the_others_serve() -> None:
    broken = endpoints("10.0.0.300", name="other")

    found = _resolve(80, service(), broken, endpoints("10.0.0.1"))

    assert found.backend.endpoints == (Endpoint("10.0.0.1", 8080),)
    assert [(p.kind, p.name, p.code) for p in found.problems] == [
        ("EndpointSlice", "other", "AddressInvalid")
    ]


@pytest.mark.parametrize(
    ("app_protocol", "protocol"),
    [
        ("http", BackendProtocol.HTTP),
        ("kubernetes.io/h2c", BackendProtocol.H2C),
        ("grpc", BackendProtocol.H2C),
        ("HTTPS", BackendProtocol.HTTPS),
        ("kubernetes.io/ws", BackendProtocol.HTTP),
    ],
)
def test_the_app_protocol_of_a_port_is_spoken(app_protocol: str, protocol: BackendProtocol) -> None:
    spec = f"ports: [{{name: http, port: 80, appProtocol: {app_protocol}}}]"

    found = _resolve(80, service(spec=spec), endpoints("10.0.0.1"))

    assert found.backend.protocol is protocol
    assert found.problems == ()


def test_an_unknown_app_protocol_is_spoken_as_http_and_said() -> None:
    spec = "ports: [{name: http, port: 80, appProtocol: amqp}]"

    found = _resolve(80, service(spec=spec), endpoints("10.0.0.1"))

    assert found.backend.protocol is BackendProtocol.HTTP
    assert [(p.code, p.severity) for p in found.problems] == [
        ("AppProtocolUnknown", Severity.WARNING)
    ]


def test_a_service_without_a_ready_endpoint_is_warned_about() -> None:
    found = _resolve(80, service(), endpoints("10.0.0.1", conditions=NOT_READY))

    assert not found.backend.is_ready
    assert [(p.code, p.severity) for p in found.problems] == [("NoReadyEndpoint", Severity.WARNING)]


def test_all_slices_of_a_service_count_and_each_address_once() -> None:
    first = endpoints("10.0.0.2", "10.0.0.1", name="one")
    second = endpoints("10.0.0.2", "10.0.0.3", name="two")

    assert _addresses(first, second) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ((READY, NOT_READY), ["10.0.0.1"]),
        ((READY, SERVING), ["10.0.0.1"]),
        ((NOT_READY, SERVING), ["10.0.0.2"]),
        ((READY, TERMINATING), ["10.0.0.1"]),
        ((NOT_READY, TERMINATING), []),
        ((STUBBORN, STUBBORN), []),
    ],
    ids=["ready", "ready first", "serving", "terminating", "last", "published"],
)
def test_ready_ones_then_serving_ones_and_never_one_that_terminates(
    conditions: tuple[str, str], expected: list[str]
) -> None:
    texts = [
        endpoints(f"10.0.0.{number}", conditions=text, name=f"s{number}")
        for number, text in enumerate(conditions, 1)
    ]

    assert _addresses(*texts) == expected


def test_one_slice_that_says_terminating_is_enough() -> None:
    first = endpoints("10.0.0.1", conditions=READY, name="one")
    second = endpoints("10.0.0.1", conditions=TERMINATING, name="two")

    assert _addresses(first, second) == _addresses(second, first) == []


def test_a_slice_without_the_port_has_no_endpoint_for_it() -> None:
    assert _addresses(endpoints("10.0.0.1").replace("name: http", "name: other")) == []


def test_of_two_families_the_preferred_one_counts() -> None:
    four = endpoints("10.0.0.1", name="four")
    six = endpoints("'fd00::1'", name="six").replace("IPv4", "IPv6")

    assert _addresses(four, six) == ["10.0.0.1"]
    assert _addresses(four, six, family=AddressFamily.IPV6) == ["fd00::1"]


def test_the_other_family_serves_when_the_preferred_one_has_no_endpoints() -> None:
    four = endpoints(name="four")
    six = endpoints("'fd00::1'", name="six").replace("IPv4", "IPv6")

    assert _addresses(four, six) == ["fd00::1"]


def test_a_backend_carries_what_its_pods_ask_only_where_pods_are_read() -> None:
    world = snapshot(service(), endpoints("10.0.0.1", pods=("web-1",)))
    key = BackendKey("shop", ServiceBackend("web", 80))
    known = {"web-1": view(pod("web-1", probe="path: /ready, port: 8080"), Pod)}
    found = [
        resolve_backend(
            Cluster.BLUE,
            key,
            world.service("shop", "web"),
            list(world.endpoint_slices()),
            find_pod=find,
        ).backend.probe
        for find in (None, known.get)
    ]

    assert found[0] is None
    assert found[1] is not None
    assert found[1].path == "/ready"
