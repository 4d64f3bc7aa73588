from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from bascule.spec.traffic import Hosts
from bascule.upgrade.plan.shares import is_partial, plan_split

BLUE, TENTH = Weights.all_to(Cluster.BLUE), Weights(9_000)
NOW = Split(BLUE)


def test_without_names_every_host_moves() -> None:
    assert plan_split(Hosts(), NOW, 1_000) == Split(TENTH)


def test_excluded_hosts_stay_where_they_are() -> None:
    split = plan_split(Hosts(exclude=("a.test",)), NOW, 1_000)

    assert split == Split(TENTH, {"a.test": BLUE})


def test_with_included_hosts_all_others_stay() -> None:
    now = Split(BLUE, {"c.test": Weights(5_000)})

    split = plan_split(Hosts(include=("a.test", "b.test"), exclude=("b.test",)), now, 1_000)

    assert split == Split(BLUE, {"a.test": TENTH, "b.test": BLUE, "c.test": Weights(5_000)})


def test_a_split_is_partial_when_a_host_goes_its_own_way() -> None:
    assert is_partial(Split(TENTH, {"a.test": BLUE}))
    assert not is_partial(Split(BLUE, {"a.test": BLUE}))
