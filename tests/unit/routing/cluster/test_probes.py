from collections.abc import Mapping

import pytest

from bascule.manifest.objects import EndpointSlice, Pod
from bascule.routing.cluster.probes import choose_check, find_check
from bascule.routing.model import CheckKind, Endpoint, HealthCheck
from tests.support.manifests import endpoints, pod, view

FOUR = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")
NAMES = ("a", "b", "c", "d")
TWO_CONTAINERS = """
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop}
spec:
  containers:
  - name: first
    FIRST
    livenessProbe: {httpGet: {path: /live, port: 8081}}
  - name: second
    SECOND
    readinessProbe: {httpGet: {path: /ready, port: web, scheme: HTTPS, host: h}, periodSeconds: 3}
"""


def _choose(
    pods: Mapping[str, Pod], ready: tuple[str, ...] = FOUR, port: str = "http"
) -> HealthCheck | None:
    slices = [view(endpoints(*FOUR, pods=NAMES), EndpointSlice)]
    return choose_check(slices, port, [Endpoint(address, 8080) for address in ready], pods.get)


def _pods(**paths: str) -> dict[str, Pod]:
    probes = {name: f"path: {path}, port: 8080" if path else "" for name, path in paths.items()}
    return {name: view(pod(name, probe=probe), Pod) for name, probe in probes.items()}


def _path(check: HealthCheck | None) -> str:
    return check.path if check else ""


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ({"a": "/old", "b": "/new", "c": "/new", "d": "/old2"}, "/new"),
        ({"a": "/two", "b": "/one", "c": "/one", "d": "/two"}, "/one"),
        ({"a": "/two", "b": "/two", "c": "", "d": ""}, "/two"),
        ({"a": "/two", "b": "", "c": "", "d": ""}, ""),
        ({"a": "/two"}, "/two"),
        ({}, ""),
    ],
    ids=["majority", "tie-by-order", "tie-with-none", "most-ask-nothing", "one-known", "none"],
)
def test_what_most_pods_ask_is_asked_of_all(paths: dict[str, str], expected: str) -> None:
    assert _path(_choose(_pods(**paths))) == expected


def test_pods_that_get_no_requests_count_only_when_there_are_no_others() -> None:
    pods = _pods(a="/used", b="/other", c="/other", d="/other")

    assert _path(_choose(pods, ready=FOUR[:1])) == "/used"
    assert _path(_choose(pods, ready=())) == "/other"


def test_a_slice_without_the_port_says_nothing() -> None:
    assert _choose(_pods(a="/used"), port="else") is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            "ports: [{containerPort: 80}]",
            "ports: [{name: web, containerPort: 8080}]",
            HealthCheck(
                kind=CheckKind.READINESS,
                port=8080,
                path="/ready",
                host="h",
                is_https=True,
                interval_s=3,
            ),
        ),
        (
            "ports: [{containerPort: 8080}]",
            "ports: [{name: web, containerPort: 8080}]",
            HealthCheck(kind=CheckKind.LIVENESS, port=8081, path="/live"),
        ),
        ("image: a", "ports: [{containerPort: 8080}]", None),
        ("image: a", "ports: [{name: web, containerPort: 1}]", None),
    ],
    ids=["by-port", "first-of-two", "name-unknown", "port-not-named"],
)
def test_the_container_at_the_port_is_asked(
    first: str, second: str, expected: HealthCheck | None
) -> None:
    text = TWO_CONTAINERS.replace("FIRST", first).replace("SECOND", second)

    assert find_check(view(text, Pod), 8080) == expected


def test_a_container_that_names_no_port_is_known_by_its_probe() -> None:
    text = TWO_CONTAINERS.replace("FIRST", "image: a").replace("SECOND", "image: b")

    found = find_check(view(text, Pod), 8081)

    assert found is not None
    assert found.path == "/live"
