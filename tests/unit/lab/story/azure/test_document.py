from collections.abc import Callable

import pytest

from bascule.lab.load.orders import Command, Story
from bascule.lab.load.samples import Outcome
from bascule.lab.load.verdict import Verdict, judge
from bascule.lab.story.azure.document import build_document, render_summary
from bascule.lab.story.azure.script import Told
from tests.support.load_builder import SWITCH_S, evidence, row_at, rows

PODS = ("10.240.17.1", "10.240.17.2")


def verdict(*, failures: int = 0) -> Verdict:
    found = rows()
    for place in range(700, 700 + failures):
        found[place] = row_at(found[place][0], outcome=Outcome.RESET)
    written = Command(
        name="pool-green",
        begun_s=SWITCH_S,
        ended_s=SWITCH_S + 0.4,
        to="green",
        effective_s=SWITCH_S + 0.302,
    )
    return judge(evidence(found, story=Story(commands=[written])))


def told() -> Told:
    return Told(
        rate=100.0,
        upgrade={"name": "demo-azure", "stage": "completed"},
        report="report.html",
        azure={
            "clusters": {"blue": None, "green": "Succeeded"},
            "pool": list(PODS),
            "resources": {"managedClusters": 1},
            "requests": {"reads": 9, "writes": 3},
        },
        addresses={"blue": ("10.240.1.1",), "green": PODS},
        verdict=verdict(),
        seconds_by_act={"baseline": 3.0},
    )


def lose_requests(story: Told) -> None:
    story.verdict = verdict(failures=2)


def keep_blue(story: Told) -> None:
    story.azure = {**story.azure, "clusters": {"blue": "Succeeded", "green": "Succeeded"}}


def lose_green(story: Told) -> None:
    story.azure = {**story.azure, "clusters": {"blue": None, "green": None}}


def keep_pods_of_blue(story: Told) -> None:
    story.azure = {**story.azure, "pool": [*PODS, "10.240.1.1"]}


def empty_pool(story: Told) -> None:
    story.azure = {**story.azure, "pool": []}


def go_back(story: Told) -> None:
    story.upgrade = {"stage": "rolled_back", "ended": {"reason": "a hook failed"}}


def test_a_story_that_went_well_is_ok() -> None:
    document = build_document(told())

    assert document["ok"] is True
    assert document["failed"] == 0
    assert document["answers_by_cluster"]["blue"] > 0
    text = "\n".join(render_summary(document))
    assert "BROKEN" not in text
    assert "blue is gone, green is Succeeded" in text
    assert "by the demo itself" in text
    assert "Proven in the lab only." in text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lose_requests, "2 of"),
        (keep_blue, "blue is Succeeded"),
        (lose_green, "green is gone"),
        (keep_pods_of_blue, "10.240.1.1"),
        (empty_pool, "the pool holds nothing"),
        (go_back, "is rolled_back: a hook failed"),
    ],
)
def test_whatever_is_not_as_it_should_be_is_said_and_the_story_failed(
    spoil: Callable[[Told], None], said: str
) -> None:
    story = told()
    spoil(story)

    document = build_document(story)

    assert document["ok"] is False
    broken = [line for line in render_summary(document) if line.startswith("BROKEN")]
    assert len(broken) == 1
    assert said in broken[0]


def test_a_story_that_was_not_told_to_its_end_has_no_document() -> None:
    with pytest.raises(ValueError, match="end"):
        build_document(Told(rate=1.0))
