from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.lab.load.failures import count_failures
from bascule.lab.load.orders import Story
from bascule.lab.load.samples import Outcome
from tests.support.load_builder import SWITCH_S, evidence, row_at, rows

broken = [o for o in Outcome if o is not Outcome.OK]


@settings(max_examples=25)
@given(st.integers(0, 999), st.sampled_from(broken))
def test_one_planted_failure_is_always_found_in_its_second(place: int, outcome: Outcome) -> None:
    found = rows()
    found[place] = row_at(found[place][0], outcome=outcome, status=503)

    failures = count_failures(evidence(found, story=Story()))

    assert failures.failed == 1
    assert failures.failures[0].second == int(found[place][0] - 1000)
    assert failures.failures[0].error == outcome.name.lower()


def test_bad_answers_of_the_baseline_are_excused_at_its_rate_only() -> None:
    found = rows()
    for place in range(100, 500, 100):
        found[place] = row_at(found[place][0], outcome=Outcome.BAD_STATUS, status=503)
    for place in range(600, 700):
        found[place] = row_at(found[place][0], outcome=Outcome.BAD_STATUS, status=503)

    failures = count_failures(evidence(found))

    assert failures.excused == 4 + 10
    assert failures.failed == 100 - 10


def test_a_broken_connection_is_never_excused() -> None:
    found = rows()
    for place in (100, 600):
        found[place] = row_at(found[place][0], outcome=Outcome.RESET)

    assert count_failures(evidence(found)).failed == 2


def test_failures_of_one_kind_and_second_are_one_line() -> None:
    found = rows()
    for place in range(700, 710):
        found[place] = row_at(found[place][0], outcome=Outcome.CONNECT)

    (line,) = count_failures(evidence(found)).failures

    assert (line.second, line.count, line.lane) == (7, 10, "keep")
    assert 1000 + line.second > SWITCH_S
