from dataclasses import replace
from datetime import UTC, datetime

from bascule.controller.event_body import build_event, build_repeat, event_name
from bascule.ids import Cluster
from bascule.routing.model import Problem

NOW = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
PROBLEM = Problem(
    cluster=Cluster.BLUE,
    kind="Ingress",
    namespace="shop",
    name="web",
    code="ServiceNotFound",
    message="there is no Service web",
)


def test_an_event_names_object_reason_and_message() -> None:
    event = build_event(PROBLEM, uid="u-1", now=NOW)

    assert event["involvedObject"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "namespace": "shop",
        "name": "web",
        "uid": "u-1",
    }
    assert event["metadata"] == {"name": event_name(PROBLEM), "namespace": "shop"}
    assert event["reason"] == "ServiceNotFound"
    assert event["type"] == "Warning"
    assert event["lastTimestamp"] == "2026-01-01T12:30:00Z"


def test_an_object_without_namespace_or_known_uid_has_its_event_in_default() -> None:
    problem = replace(PROBLEM, kind="IngressClass", namespace="", name="bascule")

    event = build_event(problem, uid="", now=NOW)

    assert event["metadata"] == {"name": event_name(problem), "namespace": "default"}
    assert event["involvedObject"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "name": "bascule",
    }


def test_the_same_problem_has_the_same_name_and_another_another() -> None:
    assert event_name(PROBLEM) == event_name(replace(PROBLEM))
    assert event_name(PROBLEM) != event_name(replace(PROBLEM, message="another"))
    assert event_name(PROBLEM).startswith("web.")


def test_a_name_stays_within_what_the_api_allows() -> None:
    long = replace(PROBLEM, name="a" * 199 + ".-bcd", message="m" * 5_000)

    event = build_event(long, uid="", now=NOW)

    assert event_name(long).startswith("a" * 199 + ".")
    assert len(event_name(long)) <= 253
    assert len(str(event["message"])) == 1024


def test_a_repeat_counts_up() -> None:
    assert build_repeat(4, NOW) == {"count": 4, "lastTimestamp": "2026-01-01T12:30:00Z"}
