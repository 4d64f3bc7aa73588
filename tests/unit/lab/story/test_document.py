from collections.abc import Mapping
from typing import Any

import pytest

from bascule.lab.load.orders import Command, Story
from bascule.lab.load.samples import Outcome
from bascule.lab.load.verdict import Verdict, judge
from bascule.lab.story.document import build_document, find_disagreement, judge_of_product
from bascule.lab.story.script import Told
from bascule.lab.story.settings import StorySettings
from bascule.lab.story.summary import render_summary
from bascule.lab.story.verbs import Called
from tests.support.load_builder import SWITCH_S, evidence, row_at, rows

STEPS = ("shift-5", "shift-25", "shift-50", "shift-100", "rollback")


def summary(*, failed: int = 0, gateway_failures: int = 0) -> dict[str, Any]:
    return {
        "holds": not failed and not gateway_failures,
        "requests": 60,
        "failed": failed,
        "gateway_failures": gateway_failures,
        "wrong_cluster_after_effective": None,
        "max_gap_ms": 51.0,
        "rules": [{"number": 1, "holds": not failed, "reason": f"{failed} of 60 failed"}],
    }


def status(*summaries: Mapping[str, Any] | None) -> Called:
    orders = [
        {"order_id": str(number), "kind": "switch", "witness": found}
        for number, found in enumerate(summaries)
    ]
    return Called(document={"orders": orders}, begun_s=0, ended_s=0)


def verdict(*, failures: int = 0) -> Verdict:
    found = rows()
    for place in range(700, 700 + failures):
        found[place] = row_at(found[place][0], outcome=Outcome.RESET)
    commands = [
        Command(
            name=name,
            begun_s=SWITCH_S,
            ended_s=SWITCH_S + 0.4,
            intent_s=SWITCH_S + 0.3,
            acknowledged_s=SWITCH_S + 0.302,
            effective_s=SWITCH_S + 0.302,
            to="" if name in STEPS[:3] else "green",
        )
        for name in STEPS
    ]
    return judge(evidence(found, story=Story(commands=commands)))


def told(*, lab: Verdict, product: Called | None) -> Told:
    step = Called(document={"command_ms": 2.0, "operator_ms": 300.0}, begun_s=0, ended_s=0)
    return Told(
        StorySettings(),
        called_by_step=dict.fromkeys(STEPS, step),
        status=product,
        verdict=lab,
        drained_after_s=1.5,
    )


def test_a_story_that_went_well_is_ok_and_has_every_field() -> None:
    document = build_document(told(lab=verdict(), product=status(summary(), summary())))

    assert document["ok"] is True
    assert document["failed"] == 0
    assert document["verdicts"]["product"]["requests"] == 120
    assert document["verdicts"]["product"]["wrong_cluster_after_effective"] is None
    assert document["shift"]["command_ms"] == 2.0
    assert document["shift"]["steps"][0]["convergence_ms"] is None
    assert document["rollback"]["convergence_ms"] == 5.0
    assert document["disagreement"] is None


def test_a_story_without_a_verdict_has_no_document() -> None:
    with pytest.raises(ValueError, match="end"):
        build_document(Told(StorySettings()))


def test_a_product_that_says_nothing_does_not_agree() -> None:
    document = build_document(told(lab=verdict(), product=status(summary(), None)))

    assert document["ok"] is False
    assert document["verdicts"]["product"] is None
    assert judge_of_product(told(lab=verdict(), product=None)) is None


@pytest.mark.parametrize(
    ("lab", "product", "differ"),
    [
        (0, summary(), False),
        (1, summary(failed=1), False),
        (3, summary(gateway_failures=2), False),
        (1, summary(), True),
        (0, summary(failed=1), True),
        (0, summary(gateway_failures=1), True),
    ],
)
def test_the_judges_differ_when_only_one_saw_a_failure(
    lab: int, product: dict[str, Any], *, differ: bool
) -> None:
    assert bool(find_disagreement(verdict(failures=lab), product)) is differ


def test_people_read_the_failures_and_who_disagrees() -> None:
    good = render_summary(build_document(told(lab=verdict(), product=status(summary()))))
    bad = render_summary(build_document(told(lab=verdict(failures=2), product=None)))
    both = told(lab=verdict(failures=2), product=status(summary(failed=1)))

    assert any("zero downtime" in line for line in good)
    assert any("2 x reset" in line for line in bad)
    assert any("disagree" in line for line in bad)
    assert any("1 of 60 failed" in line for line in render_summary(build_document(both)))
    assert any("BROKEN" in line for line in bad)
