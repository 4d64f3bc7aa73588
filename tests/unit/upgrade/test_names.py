import pytest

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.weights import Split, Weights
from bascule.upgrade.names import (
    UNNAMED,
    Identity,
    exchange_split,
    find_weighty,
    normalise_server,
    parse_identities,
    render_identities,
)
from tests.support.orders import BLUE, GREEN, percent

A = Identity(server="https://a:443", context="a", ca="0a")
B = Identity(server="https://b:443", context="b")
C = Identity(server="https://c:443")
AB = {Cluster.BLUE: A, Cluster.GREEN: B}
BC = {Cluster.BLUE: B, Cluster.GREEN: C}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (A, True),
        (Identity(server="https://a:443", context="renamed", ca="renewed"), True),
        (Identity(server="https://b:443", context="a", ca="0a"), False),
        (Identity(server="", context="a"), True),
        (Identity(server="", context="b"), False),
    ],
    ids=["the same", "renamed", "elsewhere", "by context", "another context"],
)
def test_a_cluster_is_known_by_its_server_or_else_by_its_context(
    other: Identity, *, expected: bool
) -> None:
    assert A.is_same(other) is expected
    assert other.is_same(A) is expected


def test_clusters_of_which_nothing_is_known_are_not_the_same() -> None:
    assert not Identity(server="").is_same(Identity(server=""))


def test_a_cluster_is_shown_by_all_that_names_it() -> None:
    assert [str(A), str(C), str(Identity(server="", context="b"))] == [
        "a (https://a:443)",
        "https://c:443",
        "b",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://API.example.com/", "https://api.example.com:443"),
        ("https://api.example.com:443", "https://api.example.com:443"),
        ("http://127.0.0.1:8080/k8s/", "http://127.0.0.1:8080/k8s"),
        ("https://[::1]:6443", "https://[::1]:6443"),
        ("", ""),
    ],
)
def test_servers_are_compared_by_what_they_mean(url: str, expected: str) -> None:
    assert normalise_server(url) == expected


def test_the_first_names_are_the_roles() -> None:
    named = UNNAMED.call(AB)

    assert named.clusters == AB
    assert named.naming == UNNAMED.naming


def test_a_cluster_that_takes_a_role_after_another_has_a_name_of_its_own() -> None:
    named = UNNAMED.call(AB).call({**AB, Cluster.GREEN: C}, (Cluster.GREEN,))

    assert dict(named.naming.tags) == {"blue": "blue", "green": "green-1"}
    assert dict(named.aliases) == {"blue": Cluster.BLUE, "green-1": Cluster.GREEN}


def test_after_a_swap_the_names_of_before_mean_who_they_meant() -> None:
    kept = UNNAMED.call(AB).swap({Cluster.BLUE: B, Cluster.GREEN: A}, is_blue_kept=True)
    gone = UNNAMED.call(AB).swap(BC, is_blue_kept=False)

    assert dict(kept.naming.tags) == dict(gone.naming.tags)
    assert dict(gone.naming.tags) == {"blue": "blue-1", "green": "green-1"}
    new = {"blue-1": Cluster.BLUE, "green-1": Cluster.GREEN}
    assert dict(gone.aliases) == {"green": Cluster.BLUE, **new}
    assert dict(kept.aliases) == {"green": Cluster.BLUE, "blue": Cluster.GREEN, **new}


def test_names_are_never_used_twice() -> None:
    names = UNNAMED.call(AB)
    seen: list[str] = []
    for _ in range(3):
        names = names.swap(BC, is_blue_kept=False).call(AB, (Cluster.GREEN,))
        seen += names.naming.tags.values()

    assert len(set(seen)) == len(seen)
    assert names.aliases.keys() >= set(names.naming.tags.values())


def test_a_split_is_exchanged_for_every_host() -> None:
    split = Split(Weights(2_500), {"a.test": Weights(10_000)})

    assert exchange_split(split) == Split(Weights(7_500), {"a.test": Weights(0)})


def test_a_cluster_has_weight_when_any_host_goes_there() -> None:
    one_host = Split(BLUE.default, {"a.test": Weights(9_999)})

    found = [find_weighty(split) for split in (BLUE, GREEN, percent(1), one_host)]

    assert found == [{"blue"}, {"green"}, {"blue", "green"}, {"blue", "green"}]


def test_identities_are_read_as_they_were_written() -> None:
    assert parse_identities(render_identities(AB)) == AB


@pytest.mark.parametrize("data", [None, {}, {"blue": {"server": "x"}}, {"blue": 1, "green": 2}])
def test_identities_of_anything_else_are_refused(data: Json) -> None:
    with pytest.raises(JournalError):
        parse_identities(data)
