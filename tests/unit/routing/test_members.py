from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.routing.members import Members, choose_members, list_shares


@pytest.mark.parametrize(
    ("green_bp", "chosen"),
    [
        (0, (3, 0)),
        (100, (3, 1)),
        (2_500, (3, 1)),
        (4_000, (3, 2)),
        (5_000, (2, 2)),
        (9_900, (1, 2)),
        (10_000, (0, 2)),
    ],
)
def test_the_nearest_share_of_three_and_two_is_chosen(
    green_bp: int, chosen: tuple[int, int]
) -> None:
    found = choose_members(3, 2, green_bp)

    assert (found.blue, found.green) == chosen


@pytest.mark.parametrize(
    ("numbers", "green_bp", "chosen"),
    [
        ((10, 10), 5_000, (10, 10)),
        ((10, 10), 500, (10, 1)),
        ((4, 4), 7_500, (1, 3)),
        ((10, 10), 9_999, (1, 10)),
        ((1, 1), 100, (1, 1)),
    ],
)
def test_of_equally_near_shares_that_with_the_most_members_is_chosen(
    numbers: tuple[int, int], green_bp: int, chosen: tuple[int, int]
) -> None:
    found = choose_members(*numbers, green_bp)

    assert (found.blue, found.green) == chosen


@pytest.mark.parametrize("green_bp", [0, 2_500, 10_000])
def test_a_cluster_without_addresses_takes_no_part(green_bp: int) -> None:
    assert choose_members(3, 0, green_bp) == Members(blue=3, green=0)
    assert choose_members(0, 0, green_bp).green_share == 0
    assert choose_members(0, 2, 2_500) == Members(blue=0, green=2)


def test_all_shares_of_three_and_two_are_these() -> None:
    shares = [f"{float(share) * 100:.3g}" for share in list_shares(3, 2)]

    assert shares == ["0", "25", "33.3", "40", "50", "66.7", "100"]


def test_of_one_cluster_there_is_one_share() -> None:
    assert list(list_shares(3, 0)) == [0]
    assert list(list_shares(0, 3)) == [1]


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 9_999))
def test_no_share_is_nearer_than_the_one_that_is_chosen(
    blue: int, green: int, green_bp: int
) -> None:
    wanted = Fraction(green_bp, 10_000)
    between = list_shares(blue, green)[1:-1]

    found = choose_members(blue, green, green_bp)

    assert found.green_share in between
    assert abs(found.green_share - wanted) == min(abs(share - wanted) for share in between)
