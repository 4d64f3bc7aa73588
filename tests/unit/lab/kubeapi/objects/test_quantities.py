from decimal import Decimal
from typing import Any

import pytest

from bascule.lab.kubeapi.objects.quantities import parse_quantity


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("500m", Decimal("0.5")),
        ("1", Decimal(1)),
        (2, Decimal(2)),
        ("1.5Gi", Decimal("1.5") * 1024**3),
        ("2k", Decimal(2000)),
        ("-1", Decimal(-1)),
        (".5", Decimal("0.5")),
        ("1e3", Decimal(1000)),
        ("1E-2", Decimal("0.01")),
        ("1E", Decimal(10) ** 18),
        ("1x", None),
        ("x", None),
        (True, None),
        (None, None),
    ],
)
def test_amounts_are_exact(written: Any, amount: Decimal | None) -> None:
    assert parse_quantity(written) == amount
