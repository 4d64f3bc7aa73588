import pytest

from bascule.cli.upgrade.history_text import record_document, render_record
from bascule.journal.record import GENESIS, Entry, Json, build_record
from bascule.upgrade.events import KIND_BY_EVENT
from bascule.upgrade.run.events import KIND_BY_RUN_EVENT
from tests.support.orders import START
from tests.support.run_records import completed_records, rolled_back_records


def told(record_kind: str, **data: Json) -> str:
    entry = Entry(at=START, actor="ada@desk", kind=record_kind, data=data)
    return render_record(build_record(entry, seq=1, generation=1, previous=GENESIS))


@pytest.mark.parametrize("kind", [*KIND_BY_EVENT.values(), *KIND_BY_RUN_EVENT.values()])
def test_every_kind_of_record_is_told_in_words(kind: str) -> None:
    assert "of a later version" not in told(kind, upgrade="up", key="shift-5")


def test_a_kind_that_is_not_known_is_said_to_be_of_a_later_version() -> None:
    assert told("upgrade_sang").endswith("upgrade_sang (of a later version of bascule)")


def test_a_line_says_when_who_what_and_why() -> None:
    line = told("upgrade_signal_taken", upgrade="up", kind="pause", reason="lunch")

    assert line == "2026-01-01 00:00:00  ada@desk  up: pause: lunch"


def test_a_step_that_is_tried_again_says_so() -> None:
    assert "attempt 2" in told("upgrade_step_started", upgrade="up", key="sync", attempt=2)
    assert "attempt" not in told("upgrade_step_started", upgrade="up", key="sync", attempt=1)


def test_a_step_that_does_not_wait_any_more_goes_on() -> None:
    assert told("upgrade_step_waits", upgrade="up", key="sync", reason="").endswith("sync goes on")


def test_a_halt_says_what_to_do() -> None:
    line = told("upgrade_halted", upgrade="up", key="sync", reason="lost", remedy="look")

    assert line.endswith("up: sync halts and needs a person: lost; what to do: look")


def test_clusters_are_told_by_their_context_and_server() -> None:
    clusters: Json = {
        "blue": {"context": "b", "server": "https://b:443"},
        "green": {"context": "c", "server": "https://c:443"},
    }
    named = told("clusters_named", clusters=clusters, replaced=["green"], reason="why")

    assert named.endswith("blue is b (https://b:443), green is c (https://c:443), new: green: why")
    assert "no traffic moves: from now on blue is b" in told("clusters_swapped", clusters=clusters)


def test_what_a_gateway_was_before_is_told_by_its_digest() -> None:
    assert told("gateway_kept", gateway="/id", digest="ab").endswith("is kept: /id, digest ab")


def test_whole_journals_are_told() -> None:
    lines = [render_record(r) for r in (*completed_records(), *rolled_back_records())]

    assert len(lines) > 20
    assert not [line for line in lines if "None" in line]


def test_a_document_leaves_the_plan_to_the_status() -> None:
    first = completed_records()[1]

    document = record_document(first)

    assert "plan" in first.entry.data
    assert isinstance(document["data"], dict)
    assert "plan" not in document["data"]
    assert "begins" in str(document["text"])


def test_a_plan_and_a_whole_gateway_are_shown_elsewhere() -> None:
    data: dict[str, Json] = {"plan": {}, "document": {}, "gateway": "/id"}
    entry = Entry(at=START, actor="ada@desk", kind="gateway_kept", data=data)

    shown = record_document(build_record(entry, seq=1, generation=1, previous=GENESIS))

    assert shown["data"] == {"gateway": "/id"}
