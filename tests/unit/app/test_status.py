from datetime import timedelta

from bascule.app.outcomes import outcome_document
from bascule.app.status import envoy_document, gateway_document, journal_document
from bascule.gateway.driver import ClusterTraffic, Convergence, Observation
from bascule.gateway.envoy.process import Death
from bascule.ids import Cluster, CommandId
from bascule.upgrade.encoding import render_split
from bascule.upgrade.events import Finished, Intended, Result
from tests.support.orders import BLUE, GREEN, START, moved, percent, state_after


def test_the_journal_alone_tells_weights_active_cluster_and_way_back() -> None:
    document = journal_document(state_after(*moved(percent(5))))

    assert document["active"] == "blue"
    assert document["weights"] == render_split(percent(5))
    assert document["rollback_to"] == render_split(BLUE)
    assert document["in_flight"] is None


def test_without_a_way_back_it_is_null() -> None:
    assert journal_document(state_after())["rollback_to"] is None


def test_an_order_in_flight_is_named() -> None:
    intent = Intended(order_id=CommandId("o1"), kind="switch", before=BLUE, wanted=GREEN)

    document = journal_document(state_after(intent))

    assert document["in_flight"] == {
        "order_id": "o1",
        "kind": "switch",
        "actor": "ada@desk",
        "at": START.isoformat(),
        "wanted": render_split(GREEN),
    }


def test_the_newest_order_comes_first() -> None:
    document = journal_document(state_after(*moved(percent(5), GREEN)))

    orders = document["orders"]
    assert isinstance(orders, list)
    assert [order["order_id"] for order in orders if isinstance(order, dict)] == ["m1", "m0"]


def test_what_is_not_known_of_an_outcome_is_null() -> None:
    intent = Intended(order_id=CommandId("o1"), kind="switch", before=BLUE, wanted=GREEN)
    unknown = Finished(order_id=CommandId("o1"), result=Result.UNKNOWN, split=GREEN)
    outcome = state_after(intent, unknown).outcome_of(CommandId("o1"))
    assert outcome is not None

    document = outcome_document(outcome)

    assert document["result"] == "unknown"
    assert (document["command_ms"], document["effective_at"], document["witness"]) == (
        None,
        None,
        None,
    )


def test_traffic_that_could_not_be_asked_for_is_null_and_not_nothing() -> None:
    seen = Observation(convergence=Convergence.UNKNOWN, reason="no answer")

    assert gateway_document(seen) == {
        "convergence": "unknown",
        "reason": "no answer",
        "instances": 0,
        "weights": None,
        "traffic": None,
    }


def test_traffic_is_told_by_cluster() -> None:
    counts = ClusterTraffic(
        requests_total=9, requests_active=2, endpoints_healthy=3, failures_total=0
    )
    seen = Observation(
        convergence=Convergence.CONVERGED, split=BLUE, instances=1, traffic={Cluster.BLUE: counts}
    )

    document = gateway_document(seen)

    assert document["weights"] == render_split(BLUE)
    assert document["traffic"] == {
        "blue": {
            "requests_total": 9,
            "requests_active": 2,
            "endpoints_healthy": 3,
            "failures_total": 0,
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
