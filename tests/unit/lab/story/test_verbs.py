import time

from bascule.lab.story.verbs import Called, command_line


def called(**document: object) -> Called:
    return Called(document=document, begun_s=1.0, ended_s=2.0)


def test_the_reported_time_is_turned_into_the_generators_clock() -> None:
    now_s = time.monotonic()
    at = time.time()

    text = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))
    order = called(command_ms=5.0, acknowledged_at=text, effective_at=text).as_order(
        "switch", to="green"
    )

    assert order.effective_s is not None
    assert order.intent_s is not None
    assert abs(order.effective_s - now_s) < 1.5
    assert round(order.effective_s - order.intent_s, 4) == 0.005


def test_what_is_not_reported_is_unknown_and_never_zero() -> None:
    order = called(command_ms=None, effective_at=None).as_order("switch", to="green")

    assert (order.intent_s, order.effective_s) == (None, None)


def test_verbs_are_called_in_this_installation() -> None:
    assert command_line("status")[1:] == ("-m", "bascule", "status")
