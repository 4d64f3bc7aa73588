from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.checks.azure.nodes import nodes_at_most, nodes_now, surge_nodes
from tests.support.azure_facts import pool


@pytest.mark.parametrize(
    ("surge", "nodes", "added"),
    [("1", 2, 1), ("10%", 2, 1), ("33%", 10, 4), ("50%", 0, 0), ("", 11, 2), ("odd", 5, 1)],
)
def test_a_surge_is_a_number_or_a_share_of_whole_nodes(surge: str, nodes: int, added: int) -> None:
    assert surge_nodes(replace(pool(), surge=surge), nodes) == added


@given(nodes=st.integers(0, 1000), most=st.integers(0, 1000), surge=st.integers(1, 100))
def test_at_most_is_never_less_than_now(nodes: int, most: int, surge: int) -> None:
    each = replace(pool(), nodes=nodes, nodes_max=most, surge=f"{surge}%")

    assert nodes <= nodes_now(each) <= nodes_at_most(each)
    assert nodes_now(each) <= 2 * nodes


def test_nodes_are_counted_with_those_of_a_surge() -> None:
    each = replace(pool(), nodes=3, nodes_max=5, surge="33%")

    assert (nodes_now(each), nodes_at_most(each)) == (4, 7)
