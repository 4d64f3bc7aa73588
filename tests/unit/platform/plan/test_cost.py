from bascule.platform.plan.cost import AZURE_CHOOSES, count_running, render_running
from bascule.spec.azure.prices import Prices

CLUSTER = {
    "sku": {"tier": "Standard"},
    "properties": {
        "agentPoolProfiles": [
            {"vmSize": "B", "count": 2},
            {"vmSize": "A", "minCount": 3, "maxCount": 9},
            {"vmSize": "B", "count": 1},
        ]
    },
}


def test_machines_are_counted_by_size() -> None:
    running = count_running("old", CLUSTER, None)

    assert running.machines == (("A", 3), ("B", 3))
    assert running.per_day is None
    assert running.unpriced == ()


def test_a_day_costs_what_the_prices_say() -> None:
    prices = Prices(currency="CNY", machines={"A": 1.0, "B": 0.5}, tiers={"Standard": 0.1})

    running = count_running("old", CLUSTER, prices)

    assert running.per_day == round((3 * 1.0 + 3 * 0.5 + 0.1) * 24, 2)


def test_nothing_is_invented() -> None:
    running = count_running("old", CLUSTER, Prices(machines={"A": 1.0}))

    assert running.per_day is None
    assert running.unpriced == ("B", "tier Standard")


def test_the_free_tier_needs_no_price() -> None:
    cluster: dict[str, object] = {"properties": {"agentPoolProfiles": [{}]}}

    running = count_running("old", cluster, Prices(machines={AZURE_CHOOSES: 1.0}))

    assert running.per_day == 0.0
    assert running.machines == ((AZURE_CHOOSES, 0),)


def test_it_is_shown_as_json() -> None:
    assert render_running(count_running("old", CLUSTER, None)) == {
        "cluster": "old",
        "machines": {"A": 3, "B": 3},
        "tier": "Standard",
        "per_day": None,
        "currency": "",
        "unpriced": [],
    }
