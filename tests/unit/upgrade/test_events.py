from dataclasses import replace

import pytest

from bascule.errors import JournalError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Entry, Json, Record
from bascule.upgrade.events import (
    ClustersNamed,
    ClustersSwapped,
    Event,
    Finished,
    GatewayKept,
    Intended,
    Opened,
    Refused,
    Result,
    Witnessed,
    parse_event,
)
from bascule.upgrade.names import Identity
from tests.support.orders import BLUE, GREEN, START, records_of

ID = CommandId("o1")
CLUSTERS = {
    Cluster.BLUE: Identity(server="https://a:443", context="a", ca="0a"),
    Cluster.GREEN: Identity(server="https://b:443"),
}


@pytest.mark.parametrize(
    "event",
    [
        Opened(split=BLUE),
        Intended(
            order_id=ID, kind="switch", before=BLUE, wanted=GREEN, reason="why", notes=("forced",)
        ),
        Intended(order_id=ID, kind="rollback", before=GREEN, wanted=BLUE, cancels=("bob",)),
        Finished(
            order_id=ID,
            result=Result.DONE,
            split=GREEN,
            command_ms=1.25,
            effective_at=START,
            instances=2,
        ),
        Finished(order_id=ID, result=Result.UNKNOWN, split=GREEN, reason="silence", remedy="look"),
        Refused(order_id=ID, kind="switch", reason="not active", remedy="look"),
        Witnessed(order_id=ID, summary={"failed": 0}),
        ClustersNamed(clusters=CLUSTERS, replaced=(Cluster.GREEN,), reason="why"),
        ClustersSwapped(clusters=CLUSTERS, is_blue_kept=True),
        GatewayKept(gateway="/id", digest="ab", document={"name": "gw"}),
    ],
    ids=[
        "opened",
        "intended",
        "intended rollback that may cancel",
        "done",
        "unknown",
        "refused",
        "witnessed",
        "named",
        "swapped",
        "kept",
    ],
)
def test_an_event_is_read_from_the_journal_as_it_was_written(event: Event) -> None:
    (record,) = records_of(event)

    assert parse_event(record) == event


def _record(kind: str, data: dict[str, Json]) -> Record:
    (sample,) = records_of(Opened(split=BLUE))
    return replace(sample, entry=Entry(at=sample.entry.at, actor="ada", kind=kind, data=data))


def test_a_kind_of_a_later_version_is_refused_loudly() -> None:
    with pytest.raises(JournalError, match="unknown kind 'upgrade_started'") as caught:
        parse_event(_record("upgrade_started", {}))

    assert "version" in caught.value.remedy


def test_a_result_of_a_later_version_is_refused() -> None:
    (record,) = records_of(Finished(order_id=ID, result=Result.DONE, split=GREEN))
    data = {**record.entry.data, "result": "perhaps"}

    with pytest.raises(JournalError, match="'perhaps' in the journal is no result"):
        parse_event(_record("weights_finished", data))


def test_notes_that_are_no_list_are_none() -> None:
    (record,) = records_of(Intended(order_id=ID, kind="switch", before=BLUE, wanted=GREEN))
    data = {**record.entry.data, "notes": None, "cancels": None}

    found = parse_event(_record("weights_intended", data))

    assert isinstance(found, Intended)
    assert found.notes == found.cancels == ()


def test_clusters_that_are_replaced_by_none_are_none() -> None:
    (record,) = records_of(ClustersNamed(clusters=CLUSTERS))
    data = {**record.entry.data, "replaced": None}

    assert parse_event(_record("clusters_named", data)) == ClustersNamed(clusters=CLUSTERS)
