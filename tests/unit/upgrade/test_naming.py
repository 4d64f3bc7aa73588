from dataclasses import replace

import pytest

from bascule.errors import PlanError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.upgrade.events import ClustersNamed, ClustersSwapped, Intended
from bascule.upgrade.names import Identities, Identity
from bascule.upgrade.naming import decide_names, find_known, find_strangers
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.state import AnyEvent, GatewayState
from tests.support.orders import BLUE, GREEN, moved, percent, state_after
from tests.support.plans import build_plan
from tests.support.runs import NAME, begin_event

A, B, C, D = (Identity(server=f"https://{c}:443", context=c, ca="") for c in "abcd")


def pair(blue: Identity, green: Identity) -> Identities:
    return {Cluster.BLUE: blue, Cluster.GREEN: green}


AB = pair(A, B)


def state_of(*events: AnyEvent) -> GatewayState:
    return state_after(ClustersNamed(clusters=AB), *events)


ON_BLUE = state_of()
ON_GREEN = state_of(*moved(GREEN))
BETWEEN = state_of(*moved(percent(50)))
RUNNING = state_of(begin_event())
IN_FLIGHT = state_of(Intended(order_id=CommandId("o"), kind="switch", before=BLUE, wanted=GREEN))


def test_the_clusters_of_the_journal_are_nothing_new() -> None:
    for state in (ON_BLUE, ON_GREEN, BETWEEN, RUNNING, IN_FLIGHT):
        assert decide_names(state, AB) is None


def test_a_journal_that_knows_no_clusters_is_told_them() -> None:
    assert decide_names(state_after(*moved(GREEN)), AB) == ClustersNamed(clusters=AB)


def test_what_else_is_known_of_a_cluster_is_told_when_it_changes() -> None:
    renamed = pair(replace(A, context="old", ca="0a"), B)

    assert decide_names(BETWEEN, renamed) == ClustersNamed(clusters=renamed)


@pytest.mark.parametrize(
    ("green", "is_kept"), [(C, False), (A, True)], ids=["a new green", "the old blue"]
)
def test_when_all_is_on_green_that_may_become_blue(green: Identity, *, is_kept: bool) -> None:
    found = pair(B, green)

    expected = ClustersSwapped(clusters=found, is_blue_kept=is_kept)
    assert decide_names(ON_GREEN, found) == expected


@pytest.mark.parametrize(
    ("state", "found", "replaced"),
    [
        (ON_BLUE, pair(A, C), (Cluster.GREEN,)),
        (ON_GREEN, pair(C, B), (Cluster.BLUE,)),
    ],
    ids=["a new green", "a new blue"],
)
def test_a_cluster_without_weight_may_be_replaced(
    state: GatewayState, found: Identities, replaced: tuple[Cluster, ...]
) -> None:
    assert decide_names(state, found) == ClustersNamed(clusters=found, replaced=replaced)


@pytest.mark.parametrize(
    ("state", "found", "said"),
    [
        (ON_GREEN, pair(C, D), "green is b (https://b:443) with 100 % in the journal, and d"),
        (ON_GREEN, pair(A, C), "write b (https://b:443) as blue"),
        (ON_BLUE, pair(B, A), "blue is a (https://a:443) with 100 %"),
        (ON_BLUE, pair(B, C), "name the cluster that has the traffic as before"),
        (ON_BLUE, pair(C, B), "--same-clusters"),
        (BETWEEN, pair(B, A), "with 50 %"),
        (BETWEEN, pair(A, C), "with 50 %"),
        (RUNNING, pair(A, C), f"{NAME} is unfinished"),
        (IN_FLIGHT, pair(B, C), "a change of weights is in flight"),
    ],
)
def test_a_file_never_makes_another_cluster_of_one_with_traffic(
    state: GatewayState, found: Identities, said: str
) -> None:
    with pytest.raises(PlanError) as caught:
        decide_names(state, found)

    assert said in f"{caught.value.message} {caught.value.remedy}"


def test_an_operator_may_say_that_they_are_the_same_clusters() -> None:
    found = pair(C, D)
    event = ClustersNamed(clusters=found, reason="private endpoints")

    assert decide_names(BETWEEN, found, same_because="private endpoints") == event
    assert decide_names(state_of(event), found, same_because="private endpoints") is None


def test_a_swap_is_no_change_of_addresses_whatever_is_said() -> None:
    with pytest.raises(PlanError):
        decide_names(BETWEEN, pair(B, C), same_because="as before")


def with_clusters(clusters: dict[str, Json]) -> Plan:
    return replace(build_plan(), clusters=clusters)


def test_a_journal_of_an_earlier_version_knows_clusters_by_the_contexts_of_its_upgrade() -> None:
    plan = with_clusters({"blue": {"name": "a"}, "green": {"name": "b"}})
    state = state_after(begin_event(plan))

    assert {c: w.known for c, w in find_known(state).items()} == {"blue": "a", "green": "b"}
    with pytest.raises(PlanError):
        decide_names(state, pair(B, C))


def test_an_upgrade_that_names_no_clusters_tells_nothing() -> None:
    state = state_after(begin_event(with_clusters({"blue": {"name": ""}, "green": 1})))

    assert find_known(state) == {}


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        ({"blue": {"name": "x"}, "green": {"name": "y"}}, ()),
        ({"blue": {"name": "x", "server": "https://a"}, "green": {"server": "https://b"}}, ()),
        ({"blue": {"server": "https://b"}, "green": {"server": "https://c"}}, ("blue", "green")),
        ({}, ()),
    ],
    ids=["by name only", "the same", "others", "nobody"],
)
def test_a_plan_that_means_other_clusters_is_found_out(
    clusters: dict[str, Json], expected: tuple[str, ...]
) -> None:
    assert find_strangers(ON_BLUE, with_clusters(clusters)) == expected


def test_a_journal_that_knows_no_clusters_finds_nobody_strange() -> None:
    plan = with_clusters({"blue": {"server": "https://b"}, "green": {"server": "https://c"}})

    assert find_strangers(state_after(), plan) == ()
