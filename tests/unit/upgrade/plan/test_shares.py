from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from bascule.spec.traffic import Hosts, StepSpec
from bascule.upgrade.plan.shares import is_partial, plan_shares, plan_split, render_names

BLUE, GREEN, TENTH = Weights.all_to(Cluster.BLUE), Weights.all_to(Cluster.GREEN), Weights(9_000)
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


STEPS = (
    StepSpec(hosts=("a.test",)),
    StepSpec(weight_percent=10),
    StepSpec(hosts=("b.test",)),
    StepSpec(weight_percent=100),
)


def splits(hosts: Hosts, current: Split = NOW) -> list[Split]:
    return [share.split for share in plan_shares(STEPS, hosts, current)]


def test_hosts_go_whole_and_stay_while_the_others_follow() -> None:
    assert splits(Hosts()) == [
        Split(BLUE, {"a.test": GREEN}),
        Split(TENTH, {"a.test": GREEN}),
        Split(TENTH, {"a.test": GREEN, "b.test": GREEN}),
        Split(GREEN),
    ]


def test_a_step_of_hosts_leaves_all_others_as_they_were() -> None:
    now = Split(BLUE, {"c.test": TENTH})

    assert splits(Hosts(), now)[0] == Split(BLUE, {"a.test": GREEN, "c.test": TENTH})


def test_hosts_that_stay_on_blue_stay_there_to_the_end() -> None:
    assert splits(Hosts(exclude=("c.test",)))[1:] == [
        Split(TENTH, {"a.test": GREEN, "c.test": BLUE}),
        Split(TENTH, {"a.test": GREEN, "b.test": GREEN, "c.test": BLUE}),
        Split(GREEN, {"c.test": BLUE}),
    ]


def test_of_included_hosts_some_may_go_first() -> None:
    included = Hosts(include=("a.test", "b.test", "c.test"))

    assert splits(included)[1] == Split(BLUE, {"a.test": GREEN, "b.test": TENTH, "c.test": TENTH})
    assert splits(included)[3] == Split(BLUE, dict.fromkeys(included.include, GREEN))


def test_each_share_says_what_green_has_already() -> None:
    found = list(plan_shares(STEPS, Hosts(), NOW))

    assert [share.key for share in found] == [
        "shift-hosts-1",
        "shift-10",
        "shift-hosts-2",
        "shift-100",
    ]
    assert [share.whole_hosts for share in found] == [
        (),
        ("a.test",),
        ("a.test",),
        ("a.test", "b.test"),
    ]


NAMES = ("a.test", "b.test", "c.test")
GAINS = st.lists(
    st.one_of(st.sampled_from(NAMES), st.integers(1, 99)), max_size=6, unique=True
).map(lambda found: [*_in_order(found), StepSpec(weight_percent=100)])


def _in_order(found: list[str | int]) -> list[StepSpec]:
    """Return steps of these hosts and weights, weights in the order in which they rise."""
    rising = iter(sorted(each for each in found if isinstance(each, int)))
    return [
        StepSpec(hosts=(each,)) if isinstance(each, str) else StepSpec(weight_percent=next(rising))
        for each in found
    ]


@settings(max_examples=60, deadline=None)
@given(GAINS, st.sampled_from([Hosts(), Hosts(include=NAMES)]))
def test_no_host_ever_loses_what_it_has_and_in_the_end_green_has_all_that_moves(
    steps: list[StepSpec], hosts: Hosts
) -> None:
    found = [NOW, *(share.split for share in plan_shares(steps, hosts, NOW))]

    for host in (*NAMES, "other.test"):
        shares = [split.for_host(host).green_bp for split in found]
        assert shares == sorted(shares)
        stays = bool(hosts.include) and host == "other.test"
        assert shares[-1] == (0 if stays else 10_000)


def test_many_names_are_counted() -> None:
    assert render_names(("a", "b", "c")) == "a, b, c"
    assert render_names(("a", "b", "c", "d", "e")) == "a, b, c and 2 more"
