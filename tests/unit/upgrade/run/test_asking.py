from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from bascule.upgrade.ports import Asked
from bascule.upgrade.run.asking import (
    FRESH_S,
    HELD_S,
    NO_BACKENDS,
    ask_of_held,
    find_doubts,
    find_unfit,
)
from tests.support.fake_run import FakeBackends
from tests.support.orders import BLUE, GREEN

CANARY = Split(BLUE.default, {"a.test": GREEN.default})
SICK = Asked(sick="pool-green (10.2.0.4): cannot connect")


def test_only_the_cluster_that_gets_more_is_asked_of_and_only_of_the_hosts_that_move() -> None:
    backends = FakeBackends()

    assert find_unfit(backends, BLUE, CANARY) == ""
    assert find_unfit(backends, CANARY, GREEN) == ""
    assert backends.asked == [
        (Cluster.GREEN, frozenset({"a.test"}), FRESH_S),
        (Cluster.GREEN, frozenset({"b.test"}), FRESH_S),
    ]


def test_requests_wait_for_an_answer() -> None:
    backends = FakeBackends({each: Asked(is_awaited=True) for each in Cluster})

    assert find_unfit(backends, BLUE, GREEN) == (
        "the gateway is asked how it finds the backends of green"
    )
    crossed = Split(Weights(0), {"a.test": BLUE.default})
    assert find_unfit(backends, CANARY, crossed).endswith("the backends of blue and green")


def test_what_is_sick_is_told_until_another_answer_is_there() -> None:
    for asked in (SICK, Asked(sick=SICK.sick, is_awaited=True)):
        found = find_unfit(FakeBackends({Cluster.GREEN: asked}), BLUE, GREEN)

        assert found == (
            "the gateway finds backends of green unhealthy: pool-green (10.2.0.4): cannot connect"
        )


def test_what_is_not_known_keeps_nothing_from_moving_and_is_told_without_asking_again() -> None:
    backends = FakeBackends({Cluster.GREEN: Asked(doubt="it may not be asked")})

    assert find_unfit(backends, BLUE, GREEN) == ""
    assert find_doubts(backends, BLUE, GREEN) == (
        "the gateway does not tell how it finds all backends of green: it may not be asked",
    )
    assert backends.asked[-1][2] == float("inf")
    assert find_doubts(NO_BACKENDS, BLUE, GREEN) == ()


def test_what_is_sick_in_both_clusters_keeps_nothing_from_moving_and_is_noted() -> None:
    backends = FakeBackends({Cluster.GREEN: Asked(sick_anyway="pool-green_x", doubt="of one")})

    assert find_unfit(backends, BLUE, GREEN) == ""
    assert find_doubts(backends, BLUE, GREEN) == (
        (
            "the gateway finds backends of green unhealthy, as blue's in their place, so that a "
            "move makes nothing worse: pool-green_x"
        ),
        "the gateway does not tell how it finds all backends of green: of one",
    )


def test_of_a_cluster_that_is_held_an_older_word_will_do() -> None:
    backends = FakeBackends({Cluster.BLUE: SICK})

    assert ask_of_held(backends, Cluster.BLUE, GREEN, BLUE) == SICK
    assert backends.asked == [(Cluster.BLUE, frozenset({"a.test", "b.test"}), HELD_S)]
