import pytest

from bascule.app.naming import NamesOfFile, identify, read_names
from bascule.errors import PlanError
from bascule.ids import Cluster
from bascule.kube.connection import Connection
from bascule.routing.weights import Split, Weights
from bascule.upgrade.ledger import open_history
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.virtual_clock import VirtualClock

GREEN = Split(Weights.all_to(Cluster.GREEN))


def names(blue: str, green: str, reason: str = "") -> NamesOfFile:
    servers = {Cluster.BLUE: blue, Cluster.GREEN: green}
    found = {c: Connection(name=s, server=f"https://{s}.test") for c, s in servers.items()}
    return read_names(found, reason)


async def begun(*files: NamesOfFile) -> FakeJournal:
    """Return the journal of a gateway with all traffic on green, started with these files."""
    journal, clock = FakeJournal(FakeDisk()), VirtualClock()
    state = await open_history(journal, GREEN, clock)
    for file in files:
        state = await file.settle(journal, state, clock)
    return journal


async def kinds(journal: FakeJournal) -> list[str]:
    return [record.entry.kind for record in await journal.read()]


def test_a_cluster_is_identified_without_any_secret() -> None:
    connection = Connection(
        name="prod", server="https://API.test", ca_pem=b"CA", proxy_url="http://me:secret@proxy"
    )

    found = identify(connection)

    assert (found.server, found.context) == ("https://api.test:443", "prod")
    assert (len(found.ca), "CA" in found.ca) == (16, False)
    assert identify(Connection(name="prod", server="https://api.test:443/")).ca == ""


async def test_clusters_are_recorded_once_and_again_only_when_they_change() -> None:
    first = names("a", "b")

    journal = await begun(first, first, names("a2", "b2", "renamed"), names("a2", "b2", "renamed"))

    assert await kinds(journal) == ["gateway_opened", "clusters_named", "clusters_named"]


async def test_a_swap_is_recorded_in_one_append_and_foreseen_before() -> None:
    journal = await begun(names("a", "b"))
    swapped = names("b", "c")

    clock = VirtualClock()
    before = await open_history(journal, GREEN, clock)
    foreseen = swapped.apply(before)
    state = await swapped.settle(journal, before, clock)

    assert (await kinds(journal))[-1] == "clusters_swapped"
    assert (state.names, state.split) == (foreseen.names, foreseen.split)
    assert state.split == Split(Weights.all_to(Cluster.BLUE))


async def test_a_refusal_comes_before_anything_is_written() -> None:
    journal = await begun(names("a", "b"))

    with pytest.raises(PlanError, match="other clusters than the journal"):
        names("c", "d").check(await journal.read())

    assert await kinds(journal) == ["gateway_opened", "clusters_named"]


def test_a_gateway_that_never_ran_knows_no_clusters_to_compare_with() -> None:
    names("a", "b").check([])
