"""Amounts such as `500m`, `1Gi` or `2e3`, as exact numbers."""

import re
from decimal import Decimal
from typing import Any, Final

_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|([a-zA-Z]{0,2}))")
_FACTORS: Final = {
    "n": Decimal(10) ** -9,
    "u": Decimal(10) ** -6,
    "m": Decimal(10) ** -3,
    "": Decimal(1),
    **{name: Decimal(1000) ** power for power, name in enumerate("kMGTPE", 1)},
    **{f"{name}i": Decimal(1024) ** power for power, name in enumerate("KMGTPE", 1)},
}


def parse_quantity(written: Any) -> Decimal | None:
    """Return the amount, or None for what is no quantity."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(written))
    if match is None or (match[3] or "") not in _FACTORS:
        return None
    exponent = Decimal(10) ** int(match[2][1:]) if match[2] else Decimal(1)
    return Decimal(match[1]) * exponent * _FACTORS[match[3] or ""]
