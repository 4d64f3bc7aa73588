from copy import deepcopy

from bascule.journal.record import Json
from bascule.report.page.node import Node
from bascule.report.page.traffic_part import render_changes, render_failures, render_totals
from tests.support.made_up_upgrades import document_of


def changes(**fields: Json) -> str:
    change: dict[str, Json] = {"kind": "weights", "rules": [], **fields}
    return render_changes(Node({"changes": [change]}))


def test_totals_name_their_fields_and_tell_of_the_witness() -> None:
    told = render_totals(Node(document_of("completed")))

    assert 'data-evidence="traffic.clusters.green.p99_ms"' in told
    assert 'data-evidence="witness.requests"' in told


def test_a_witness_that_was_not_there_is_not_told_of() -> None:
    assert "client outside both clusters" not in render_totals(Node(document_of("unfinished")))


def test_failures_are_told_by_whose_they_were_and_when() -> None:
    told = render_failures(Node(document_of("rolled_back")))

    assert "other than those that green itself failed: 0" in told
    assert 'data-evidence="failures.spans.0.failures"' in told
    assert "When requests failed" not in render_failures(Node(document_of("completed")))


def test_each_change_has_its_numbers_and_the_word_of_each_rule() -> None:
    told = render_changes(Node(document_of("rolled_back")))

    assert 'data-evidence="changes.1.wanted.default.green_bp" data-scale="0.01">25</data>' in told
    assert "rule 6: no duplicate side effect" in told
    assert "shift-25, rule 1: " in told


def test_an_upgrade_without_a_change_says_so() -> None:
    document = deepcopy(document_of("unfinished"))
    document["changes"] = []

    assert "The split was not changed." in render_changes(Node(document))


def test_a_change_that_was_not_done_says_what_came_of_it() -> None:
    assert "(no outcome)" in changes()
    failed = changes(result="failed", trouble="refused", notes=["was forced"])
    assert "(failed)" in failed
    assert "weights: refused" in failed
    assert "weights: was forced" in failed
