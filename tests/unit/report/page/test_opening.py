import pytest

from bascule.journal.record import Json
from bascule.report.page.node import Node
from bascule.report.page.opening import render_figures, render_opening, render_rollback
from tests.support.made_up_upgrades import document_of


def test_the_opening_says_how_it_ended_who_began_it_and_how_long_it_took() -> None:
    opening = render_opening(Node(document_of("completed")))

    assert "✓ Completed" in opening
    assert "✓ Zero downtime" in opening
    assert "by ada@desk" in opening
    assert "Kubernetes 1.33 leaves support" in opening
    assert "blue aks-shop-1-33 → green aks-shop-1-35" in opening
    assert 'data-as="duration"' in opening


def test_an_unfinished_upgrade_says_as_of_when_and_in_which_stage() -> None:
    opening = render_opening(Node(document_of("unfinished")))

    assert "… Not finished" in opening
    assert "? Zero downtime not proven" in opening
    assert "<dt>As of</dt>" in opening


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"verdict": {"is_zero_downtime": False}}, "✗ Not zero downtime"),
        ({"outcome": "lost"}, ">lost<"),
        ({"plan": {"is_rollback_automatic": False}}, "manual rollback"),
        ({"clusters": {"blue": {}}}, "blue"),
        ({}, "not named"),
    ],
)
def test_other_things_are_said_too(fields: dict[str, Json], said: str) -> None:
    assert said in render_opening(Node(fields))


def test_the_figures_are_good_bad_or_not_known() -> None:
    good = render_figures(Node(document_of("completed")))
    bad = render_figures(Node(document_of("rolled_back")))
    unknown = render_figures(Node({}))

    assert 'class="value good"' in good
    assert 'class="value bad"' in bad
    assert "back to all traffic back" in bad
    assert "not known" in unknown


def test_an_upgrade_that_went_on_has_no_rollback_to_tell() -> None:
    assert render_rollback(Node(document_of("completed"))) == ""


def test_a_rollback_is_told_with_cause_and_steps() -> None:
    told = render_rollback(Node(document_of("rolled_back")))

    assert "by Bascule itself" in told
    assert "<code>rollback-traffic</code>" in told
    assert "success rate is broken" in told


def test_a_rollback_by_a_person_has_the_reason_that_was_given() -> None:
    root = Node({"rollback": {"actor": "ada@desk", "reason": "users complain", "cause": "c"}})

    told = render_rollback(root)

    assert "by ada@desk" in told
    assert "users complain" in told
