from dataclasses import replace
from datetime import timedelta

from bascule.app.live import envoy_document, gateway_document
from bascule.gateway.driver import ClusterTraffic, Convergence, Observation
from bascule.gateway.envoy.process import Death
from bascule.ids import Cluster
from bascule.upgrade.encoding import render_split
from tests.support.orders import BLUE, START


def test_traffic_that_could_not_be_asked_for_is_null_and_not_nothing() -> None:
    seen = Observation(convergence=Convergence.UNKNOWN, reason="no answer")

    assert gateway_document(seen) == {
        "convergence": "unknown",
        "reason": "no answer",
        "instances": 0,
        "table_digest": None,
        "weights": None,
        "traffic": None,
    }


def test_traffic_is_told_by_cluster() -> None:
    counts = ClusterTraffic(
        requests_total=9,
        requests_active=2,
        endpoints_healthy=3,
        failures_total=0,
        previews_total=4,
        clients=9,
        clients_of_both=1,
    )
    seen = Observation(
        convergence=Convergence.CONVERGED, split=BLUE, instances=1, traffic={Cluster.BLUE: counts}
    )

    document = gateway_document(seen)

    assert document["weights"] == render_split(BLUE)
    assert gateway_document(replace(seen, table_digest="ab"))["table_digest"] == "ab"
    assert document["traffic"] == {
        "blue": {
            "requests_total": 9,
            "requests_active": 2,
            "endpoints_healthy": 3,
            "failures_total": 0,
            "previews_total": 4,
            "clients": 9,
            "clients_of_both": 1,
            "source": None,
        }
    }


def test_each_death_of_envoy_has_both_stamps() -> None:
    died = Death(died_at=START, ready_at=None, exit_code=137, last_words="")
    back = Death(
        died_at=START, ready_at=START + timedelta(seconds=1), exit_code=None, last_words="oops"
    )

    assert envoy_document(None, (), "the disk is full")["trouble"] == "the disk is full"
    document = envoy_document(7, [back, died])

    assert (document["pid"], document["trouble"]) == (7, None)
    assert document["deaths"] == [
        {
            "died_at": START.isoformat(),
            "ready_at": (START + timedelta(seconds=1)).isoformat(),
            "exit_code": None,
            "last_words": "oops",
        },
        {
            "died_at": START.isoformat(),
            "ready_at": None,
            "exit_code": 137,
            "last_words": "",
        },
    ]
