import pytest

from bascule.lab.pods.behaviour import Behaviour, BehaviourError, parse_behaviour


def test_without_annotations_a_pod_is_fast_and_healthy() -> None:
    assert parse_behaviour({"other.dev/latency-ms": "5"}) == Behaviour()


def test_the_labs_latency_is_that_of_pods_that_set_none() -> None:
    assert parse_behaviour({}, latency_ms=7).latency_ms == 7
    assert parse_behaviour({"lab.bascule.dev/latency-ms": "1"}, latency_ms=7).latency_ms == 1


def test_annotations_set_every_part() -> None:
    annotations = {
        "lab.bascule.dev/latency-ms": "1.5",
        "lab.bascule.dev/error-rate": "0.25",
        "lab.bascule.dev/error-status": "503",
        "lab.bascule.dev/hang-rate": "0.5",
        "lab.bascule.dev/wrong-path": "/cart",
        "lab.bascule.dev/startup-ms": "20",
        "lab.bascule.dev/healthy": "false",
        "lab.bascule.dev/body": "hello",
        "lab.bascule.dev/stream-drain-ms": "30",
        "lab.bascule.dev/run-ms": "40",
        "lab.bascule.dev/exit-code": "2",
    }

    assert parse_behaviour(annotations) == Behaviour(
        latency_ms=1.5,
        error_rate=0.25,
        error_status=503,
        hang_rate=0.5,
        wrong_path="/cart",
        startup_ms=20,
        is_healthy=False,
        body="hello",
        stream_drain_ms=30,
        run_ms=40,
        exit_code=2,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("latency-ms", "soon"), ("error-rate", "2"), ("healthy", "yes"), ("exit-code", "-1")],
)
def test_a_value_that_means_nothing_is_named(name: str, value: str) -> None:
    with pytest.raises(BehaviourError, match=f"lab.bascule.dev/{name}"):
        parse_behaviour({f"lab.bascule.dev/{name}": value})
