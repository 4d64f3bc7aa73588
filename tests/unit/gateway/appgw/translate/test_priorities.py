"""Priorities are unique, in ranks, and stay where they are when others come."""

from itertools import pairwise

import pytest

from bascule.errors import InvariantError
from bascule.gateway.appgw.translate.priorities import ANY, EXACT, band_of, choose_priorities


def test_exact_hosts_come_before_longer_wildcards_before_shorter_ones_before_any() -> None:
    names = ["a.test", "*.b.a.test", "*.a.test", "*.test", "*"]

    bands = [band_of([name]) for name in names]

    assert bands == sorted(bands, key=lambda band: band.start)
    assert all(one.stop <= other.start for one, other in pairwise(bands))
    assert (bands[0], bands[-1]) == (EXACT, ANY)


def test_very_long_wildcards_share_the_first_rank_of_wildcards() -> None:
    assert band_of(["*.a.b.c.d.e.f.g.h"]) == band_of(["*.a.b.c.d.e.f"])


def test_four_hundred_hosts_have_four_hundred_priorities() -> None:
    rules = {f"rule-{n}": EXACT for n in range(400)}

    found = choose_priorities(rules, {"rule-7": 3}, {1_000, 1_001})

    assert len(set(found.values())) == 400
    assert found["rule-7"] == 3
    assert not {1_000, 1_001} & set(found.values())


def test_a_new_host_moves_hardly_any_other() -> None:
    rules = {f"rule-{n:03}": EXACT for n in range(400)}
    before = choose_priorities(rules, {}, ())

    after = choose_priorities({"rule-": EXACT, **rules}, {}, ())

    assert sum(before[name] != after[name] for name in rules) <= 1


def test_a_full_rank_runs_over_and_a_full_gateway_is_an_error() -> None:
    band = range(19_998, 20_000)
    rules = dict.fromkeys("abc", band)

    assert sorted(choose_priorities(rules, {}, ()).values()) == [19_998, 19_999, 20_000]
    with pytest.raises(InvariantError, match="no priority left"):
        choose_priorities({**rules, "d": band}, {}, ())
