import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.errors import InvariantError
from bascule.ids import Cluster
from bascule.redact import MASK
from bascule.report.facts.plain import render_plain
from bascule.routing.weights import Split, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Something with fields."""

    at: datetime
    by: Cluster | None


def test_dataclasses_become_objects_with_the_same_names() -> None:
    pair = Pair(at=datetime(2026, 1, 1, tzinfo=UTC), by=Cluster.BLUE)

    assert render_plain((pair, Pair(at=pair.at, by=None))) == [
        {"at": "2026-01-01T00:00:00+00:00", "by": "blue"},
        {"at": "2026-01-01T00:00:00+00:00", "by": None},
    ]


def test_a_split_is_written_as_in_the_journal() -> None:
    assert render_plain(Split(Weights(9_500))) == {
        "default": {"blue_bp": 9_500, "green_bp": 500},
        "by_host": {},
    }


def test_keys_that_are_names_of_clusters_become_text() -> None:
    assert render_plain({Cluster.GREEN: 1.5, "n": [True, 2]}) == {"green": 1.5, "n": [True, 2]}


@pytest.mark.parametrize(
    "value",
    [
        {"password": "hunter2"},
        {"env": [{"api_key": "hunter2"}]},
        {"reason": "GET https://ada:hunter2@shop failed"},
        {"https://ada:hunter2@shop": 1},
        ("Authorization: Bearer hunter2hunter2",),
    ],
)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(value: object) -> None:
    text = json.dumps(render_plain(value))

    assert "hunter2" not in text
    assert MASK in text


def test_an_empty_secret_and_a_gate_named_so_stay() -> None:
    assert render_plain({"token": "", "tokens": "few"}) == {"token": "", "tokens": "few"}


def test_what_is_no_json_is_a_mistake_of_ours() -> None:
    with pytest.raises(InvariantError, match="object cannot be written"):
        render_plain(object())


@settings(max_examples=40)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_everything_that_comes_out_is_json(value: object) -> None:
    json.dumps(render_plain(value), allow_nan=False)
