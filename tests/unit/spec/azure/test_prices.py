import pytest

from bascule.errors import SpecError
from bascule.spec.load import parse_prices


def test_prices_are_read() -> None:
    prices = parse_prices("currency: CNY\nmachines: {Standard_D2s_v5: 0.8}\n", "prices.yaml")

    assert prices.machines == {"Standard_D2s_v5": 0.8}
    assert prices.tiers == {}


def test_a_price_is_a_number() -> None:
    with pytest.raises(SpecError, match=r"prices\.yaml:1:12: machines\.A"):
        parse_prices("machines: {A: dear}\n", "prices.yaml")
