import random

import pytest

from bascule.kube.backoff import Backoff

RNG = random.Random(3)  # noqa: S311 - jitter, not a secret


@pytest.mark.parametrize(
    ("failures", "ceiling_s"), [(0, 0.1), (1, 0.1), (2, 0.2), (5, 1.6), (20, 30.0), (9_999, 30.0)]
)
def test_waits_double_up_to_the_limit(failures: int, ceiling_s: float) -> None:
    backoff = Backoff(first_s=0.1, max_s=30.0)

    waits = [backoff.wait_s(failures, RNG) for _ in range(50)]

    assert all(ceiling_s / 2 <= wait <= ceiling_s for wait in waits)


def test_chance_keeps_clients_apart() -> None:
    backoff = Backoff()

    assert len({backoff.wait_s(4, RNG) for _ in range(20)}) == 20


def test_the_same_seed_waits_the_same() -> None:
    one, other = random.Random(1), random.Random(1)  # noqa: S311 - jitter, not a secret

    assert Backoff().wait_s(3, one) == Backoff().wait_s(3, other)
