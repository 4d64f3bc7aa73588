"""Probes: annotations before what pods say before the route itself."""

from dataclasses import replace

from bascule.gateway.appgw.options import NO_OPTIONS, ProbeOptions
from bascule.gateway.appgw.settings import LoadBalancer
from bascule.gateway.appgw.translate.probes import Probed, build_balancer_probe, build_probe
from bascule.routing.model import CheckKind, HealthCheck

PROBED = Probed(host="a.test", path="/api", protocol="Http")
CHECK = HealthCheck(
    kind=CheckKind.READINESS,
    port=9_000,
    path="/ready",
    host="pod.test",
    is_https=True,
    interval_s=7,
    timeout_s=2,
    failures=50,
)


def test_without_a_word_from_anybody_the_route_is_asked_each_30_s() -> None:
    assert build_probe(PROBED, NO_OPTIONS) == {
        "protocol": "Http",
        "host": "a.test",
        "path": "/api",
        "interval": 30,
        "timeout": 30,
        "unhealthyThreshold": 3,
        "pickHostNameFromBackendHttpSettings": False,
        "minServers": 0,
        "match": {"statusCodes": ["200-399"]},
    }


def test_pods_are_asked_as_the_kubelet_asks_them() -> None:
    probe = build_probe(replace(PROBED, check=CHECK), NO_OPTIONS)

    assert (probe["protocol"], probe["host"], probe["port"]) == ("Https", "pod.test", 9_000)
    assert (probe["path"], probe["interval"], probe["timeout"]) == ("/ready", 7, 2)
    assert probe["unhealthyThreshold"] == 20


def test_annotations_decide_field_by_field() -> None:
    options = replace(
        NO_OPTIONS,
        backend_protocol="Http",
        backend_host="inner.test",
        backend_path="/base",
        probe=ProbeOptions(host="asked.test", path="/asked*", port=1, unhealthy_threshold=4),
    )

    probe = build_probe(replace(PROBED, check=CHECK), options)

    assert (probe["protocol"], probe["host"], probe["port"]) == ("Http", "asked.test", 1)
    assert (probe["path"], probe["interval"], probe["unhealthyThreshold"]) == ("/asked", 7, 4)


def test_a_shorter_interval_shortens_a_timeout_that_nobody_asked_for() -> None:
    often = replace(NO_OPTIONS, probe=ProbeOptions(interval_s=5))
    both = replace(NO_OPTIONS, probe=ProbeOptions(interval_s=5, timeout_s=9))

    assert build_probe(PROBED, often)["timeout"] == 5
    assert build_probe(PROBED, both)["timeout"] == 9


def test_overrides_of_host_and_path_are_asked_too() -> None:
    options = replace(NO_OPTIONS, backend_host="inner.test", backend_path="/base/")

    probe = build_probe(PROBED, options)

    assert (probe["host"], probe["path"]) == ("inner.test", "/base/")


def test_a_load_balancer_is_asked_as_gateway_yaml_says() -> None:
    named = LoadBalancer(address="10.9.0.1", probe_host="health.test", probe_path="/live")
    unnamed = replace(named, probe_host="")

    probe = build_balancer_probe(named, PROBED, NO_OPTIONS)

    assert (probe["host"], probe["path"], probe["protocol"]) == ("health.test", "/live", "Http")
    assert build_balancer_probe(unnamed, PROBED, NO_OPTIONS)["host"] == "a.test"
