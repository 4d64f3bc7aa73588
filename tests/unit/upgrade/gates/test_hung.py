from dataclasses import replace

import pytest

from bascule.upgrade.gates.hung import RECENT_MAX, Span, Watch, count_young_max, make_span, watch
from bascule.upgrade.gates.model import Counts
from tests.support.gate_values import counts, histogram

AFTER_S = 10.0


def watch_all(
    *seen: Counts, is_judged: bool = True, length_s: float = 5.0, before: Watch | None = None
) -> Watch:
    """Return what is known after these intervals, which follow each other from 0 on."""
    found = before or Watch()
    for number, each in enumerate(seen):
        span = make_span(each, number * length_s, (number + 1) * length_s)
        found = watch(found, each, span, after_s=AFTER_S, is_judged=is_judged)
    return found


def busy(*, requests: int = 100, hung: int = 0, open_now: int = 0) -> Counts:
    """Return an interval in which requests end at once and `hung` more begin."""
    quick = counts(requests, latency=histogram(requests), open_now=open_now)
    return replace(quick, started=requests + hung)


def test_nothing_is_known_before_all_of_the_time_was_seen() -> None:
    assert watch_all(busy()).base is None
    assert watch_all(busy(), busy(open_now=7)).base == 7


def test_the_base_of_the_other_cluster_is_what_is_certainly_long() -> None:
    streams = busy(open_now=500)

    assert watch_all(streams, streams, is_judged=False).base == 500 - 100


def test_requests_that_stay_open_are_long_in_the_end() -> None:
    seen = [busy(hung=50, open_now=50 * (number + 1)) for number in range(6)]

    found = watch_all(busy(), busy(), *seen)

    # 300 are open, 100 of them began in the last 10 s; of the interval that only just lies within
    # these 10 s it is not known whether the 100 that ended began in it.
    assert found.long == 300 - 100 - 100
    assert found.started == 100 + 100 + 4 * 150


def test_healthy_requests_are_never_long() -> None:
    assert watch_all(*[busy(open_now=3)] * 12).long == 0


def test_streams_that_were_open_before_accuse_nobody() -> None:
    streams = busy(open_now=500)

    assert watch_all(*[streams] * 8).long == 0
    assert watch_all(*[streams] * 8, is_judged=False).long == 100


def test_streams_that_end_do_not_make_room_for_hung_ones() -> None:
    fewer = [busy(open_now=500 - 50 * number) for number in range(8)]

    assert watch_all(*fewer).counted == 0


def test_long_requests_that_ended_are_counted() -> None:
    slow = counts(3, latency=histogram(0, 0, 0, 0, 0, 0, 0, 3))

    mine = watch_all(busy(), busy(), slow)
    others = watch_all(busy(), busy(), slow, is_judged=False)

    assert (mine.ended, others.ended) == (3, 3)


def test_requests_whose_clients_gave_up_count_as_long() -> None:
    given_up = Counts(requests=4, started=4, abandoned=4)

    assert watch_all(busy(), busy(), given_up).ended == 4
    assert watch_all(busy(), busy(), given_up, is_judged=False).ended == 4


def test_what_ended_without_a_latency_speaks_for_the_judged_cluster_only() -> None:
    unknown = counts(4)

    assert watch_all(busy(), busy(), unknown).ended == 0
    assert watch_all(busy(), busy(), unknown, is_judged=False).ended == 4


@pytest.mark.parametrize(("from_s", "young"), [(0.0, 10), (1.2, 10), (1.25, 4), (5.0, 4)])
def test_quick_answers_count_as_ended_only_where_they_began_after_the_start(
    from_s: float, young: int
) -> None:
    span = Span(from_s=from_s, to_s=from_s + 5, started=10, fast=6)

    assert count_young_max((span,), 0.0) == young


def test_there_are_never_less_than_no_young_requests() -> None:
    assert count_young_max((Span(from_s=5, to_s=6, started=1, fast=6),), 0.0) == 0


def test_only_so_many_intervals_are_kept() -> None:
    found = Watch(recent=(Span(from_s=0, to_s=0.001, started=0, fast=0),) * RECENT_MAX)

    found = watch_all(busy(), before=found, length_s=0.001)

    assert len(found.recent) == RECENT_MAX


def test_a_cluster_was_seen_until_the_end_of_its_last_interval() -> None:
    assert watch_all(busy(), busy()).seen_to_s(99.0) == 10.0
    assert Watch().seen_to_s(99.0) == 99.0


def test_nothing_is_learnt_where_what_is_open_is_not_known() -> None:
    unknown = replace(busy(hung=50), open=None)

    assert watch_all(*[unknown] * 8) == Watch()
