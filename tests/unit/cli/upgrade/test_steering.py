import pytest

from bascule.cli.upgrade.steering import check_way_back, is_traffic_back, parse_span, split_words
from bascule.errors import PlanError, UsageError
from tests.support.runs import after, at_step, begun, ended, rolled_back, started


def test_the_name_of_the_upgrade_may_be_left_out() -> None:
    def is_share(word: str) -> bool:
        return "=" in word

    assert split_words(["green=30"], is_ours=is_share) == (None, ["green=30"])
    assert split_words(["up", "green=30"], is_ours=is_share) == ("up", ["green=30"])
    assert split_words([], is_ours=is_share) == (None, [])


def test_a_span_of_time_is_written_as_in_the_file_of_the_upgrade() -> None:
    assert parse_span("24h") == 86_400
    with pytest.raises(UsageError, match="is not a duration"):
        parse_span("soon")


def test_traffic_is_back_once_its_step_of_the_rollback_is_over() -> None:
    began = rolled_back(at_step("shift-50"))
    done = after(began, started("rollback-traffic"), ended("rollback-traffic"))

    assert not is_traffic_back(at_step("shift-50"))
    assert not is_traffic_back(began)
    assert is_traffic_back(done)


def test_traffic_that_was_never_moved_is_back_at_once() -> None:
    assert is_traffic_back(rolled_back(at_step("verify")))


def test_a_rollback_that_cannot_be_is_refused_before_anybody_is_asked() -> None:
    check_way_back(begun())
    with pytest.raises(PlanError, match="rolling back already"):
        check_way_back(rolled_back(at_step("shift-50")))
