import pytest

from bascule.upgrade.gates.wording import (
    round_figures,
    say_count,
    say_duration,
    say_ms,
    say_share,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (86_400, "1 d"),
        (100_800, "1 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert say_duration(seconds) == text


def test_counts_have_a_plural_and_thousands() -> None:
    assert [say_count(n, "request") for n in (0, 1, 1_200)] == [
        "0 requests",
        "1 request",
        "1,200 requests",
    ]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.00012, "0.012 %"), (0.0123, "1.23 %"), (0.9995, "99.95 %"), (1, "100.00 %")],
)
def test_shares_are_percent_with_the_digits_that_count(share: float, text: str) -> None:
    assert say_share(share) == text


def test_milliseconds_below_ten_have_a_decimal() -> None:
    assert (say_ms(2.44), say_ms(25.4)) == ("2.4 ms", "25 ms")


def test_figures_are_rounded_to_four_digits() -> None:
    assert [round_figures(x) for x in (123_456.0, 0.000123456)] == [123_500.0, 0.0001235]
