import pytest

from bascule.journal.thinning import choose_kept


def test_what_is_not_too_much_stays_whole() -> None:
    assert choose_kept(4, samples_max=4) == (0, 1, 2, 3)


def test_every_other_one_of_the_oldest_half_goes_first() -> None:
    assert choose_kept(8, samples_max=6) == (0, 2, 4, 5, 6, 7)


def test_thinning_goes_on_until_it_is_enough() -> None:
    kept = choose_kept(10_000, samples_max=1_000)

    assert 500 < len(kept) <= 1_000
    assert kept[0] == 0
    assert kept[-1] == 9_999
    assert list(kept) == sorted(set(kept))


@pytest.mark.parametrize(("samples_max", "kept"), [(2, (0, 2)), (1, (0,)), (0, ()), (-1, ())])
def test_the_first_one_goes_last(samples_max: int, kept: tuple[int, ...]) -> None:
    assert choose_kept(3, samples_max=samples_max) == kept
