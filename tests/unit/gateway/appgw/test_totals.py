from bascule.gateway.appgw.minutes import Minute, Minutes
from bascule.gateway.appgw.totals import Course
from bascule.gateway.driver import Histogram
from bascule.ids import Cluster

LATE_S = 1e9


def minutes(*found: Minute | None) -> Minutes:
    starts = tuple(60.0 * number for number in range(len(found)))
    told = zip(starts, found, strict=True)
    by_start = {start_s: {Cluster.BLUE: each} for start_s, each in told if each is not None}
    return Minutes(starts=starts, by_start=by_start)


def timed(*counts: int, clients: int = 0) -> Minute:
    latency = Histogram(bounds_ms=(1.0,), counts=counts)
    return Minute(answered=sum(counts), latency=latency, clients=clients, clients_of_both=1)


def test_totals_are_of_all_minutes_and_clients_of_the_last() -> None:
    course = Course(next_s=0.0)

    course.take_in(minutes(timed(1, 2, clients=5), timed(3, 4, clients=6)), LATE_S)

    blue = course.by_cluster[Cluster.BLUE]
    assert blue.requests == 10
    assert blue.latency is not None
    assert blue.latency.counts == (4, 6)
    assert (blue.clients, blue.clients_of_both) == (6, 1)
    assert course.next_s == 120.0


def test_a_minute_counts_once_and_when_it_is_settled() -> None:
    course = Course(next_s=60.0)
    found = minutes(Minute(answered=1), Minute(answered=10), Minute(answered=100))

    course.take_in(found, 120.0)
    course.take_in(found, 120.0)

    assert course.by_cluster[Cluster.BLUE].requests == 10


def test_a_missing_minute_begins_everything_anew() -> None:
    course = Course(next_s=0.0)

    course.take_in(minutes(timed(1, 0), None, timed(0, 2)), LATE_S)

    blue = course.by_cluster[Cluster.BLUE]
    assert (blue.requests, blue.latency) == (2, Histogram(bounds_ms=(1.0,), counts=(0, 2)))


def test_latencies_that_one_minute_does_not_tell_are_those_of_the_others() -> None:
    course = Course(next_s=0.0)

    course.take_in(minutes(Minute(answered=1), timed(1, 1), Minute(answered=1)), LATE_S)

    assert course.by_cluster[Cluster.BLUE].latency == Histogram(bounds_ms=(1.0,), counts=(1, 1))
