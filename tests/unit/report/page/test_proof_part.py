from bascule.report.page.node import Node
from bascule.report.page.proof_part import render_proof, render_unknown
from tests.support.made_up_upgrades import document_of


def test_the_proof_names_digests_and_how_to_check_them() -> None:
    document = document_of("completed")

    told = render_proof(Node(document))

    assert "✓ chain verified" in told
    assert Node(document).at("journal", "last_digest").text in told
    assert "bascule upgrade verify-journal shop-1-35" in told


def test_a_journal_in_trouble_is_told_as_such() -> None:
    told = render_proof(Node({"journal": {"is_verified": False, "trouble": "record 3 is missing"}}))

    assert "✗ not verified" in told
    assert "record 3 is missing" in told


def test_what_is_not_known_is_listed() -> None:
    assert "<li>the weather</li>" in render_unknown(Node({"unknown": ["the weather"]}))
    assert "Nothing that it should know." in render_unknown(Node({}))
