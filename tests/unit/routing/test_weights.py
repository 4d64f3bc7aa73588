import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.errors import PlanError
from bascule.ids import Cluster
from bascule.routing.weights import (
    TOTAL_BP,
    Split,
    Weights,
    parse_percent,
    parse_weights,
    render_percent,
)


@given(st.integers(min_value=0, max_value=TOTAL_BP))
def test_weights_always_add_up_and_survive_being_written(blue_bp: int) -> None:
    weights = Weights(blue_bp)

    assert weights.of(Cluster.BLUE) + weights.of(Cluster.GREEN) == TOTAL_BP
    assert parse_percent(render_percent(blue_bp).replace(" ", "")) == blue_bp


@pytest.mark.parametrize("blue_bp", [-1, TOTAL_BP + 1])
def test_weights_outside_a_hundred_percent_cannot_be_made(blue_bp: int) -> None:
    with pytest.raises(PlanError, match="is not between 0 and 100"):
        Weights(blue_bp)


def test_all_to_one_cluster_is_known() -> None:
    assert Weights.all_to(Cluster.BLUE).only is Cluster.BLUE
    assert Weights.all_to(Cluster.GREEN).only is Cluster.GREEN
    assert Weights(1).only is None


def test_a_host_may_have_a_split_of_its_own() -> None:
    split = Split(Weights(TOTAL_BP), {"b.test": Weights(0), "a.test": Weights(5)})

    assert split.for_host("b.test") == Weights(0)
    assert split.for_host("c.test") == Weights(TOTAL_BP)
    assert list(split.by_host) == ["a.test", "b.test"]
    assert not Split(Weights(0)).by_host


@pytest.mark.parametrize(
    ("text", "weight_bp"), [("5", 500), ("0.01", 1), ("12.5%", 1250), (" 100 ", 10_000)]
)
def test_percent_is_read(text: str, weight_bp: int) -> None:
    assert parse_percent(text) == weight_bp


@pytest.mark.parametrize("text", ["", "101", "5.001", "-1", "five", "100.01", "\u0665"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_percent(text)

    assert "at most two decimals" in caught.value.remedy


@pytest.mark.parametrize(
    ("texts", "blue_bp"),
    [({"blue": "90", "green": "10"}, 9000), ({"blue": "5"}, 500), ({"green": "5"}, 9500)],
    ids=["both", "blue", "green"],
)
def test_one_cluster_is_enough(texts: dict[str, str], blue_bp: int) -> None:
    assert parse_weights(texts) == Weights(blue_bp)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "no weights given"),
        ({"red": "5"}, "unknown cluster 'red'"),
        ({"blue": "90", "green": "9"}, "the weights add up to 99 %, not to 100 %"),
    ],
    ids=["none", "unknown", "sum"],
)
def test_weights_that_make_no_split_are_refused(texts: dict[str, str], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        parse_weights(texts)
