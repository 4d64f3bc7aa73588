from bascule.app.outcomes import outcome_document
from bascule.app.status import journal_document
from bascule.ids import CommandId
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
