from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from bascule.lab.load.orders import Command, Story
from bascule.lab.load.samples import Outcome
from bascule.lab.load.verdict import Effects, Verdict, judge
from bascule.lab.story.azure.course import BY_HOST, BY_SHARE
from bascule.lab.story.azure.document import build_document, find_rank, render_summary
from bascule.lab.story.azure.script import Told
from tests.support.load_builder import SWITCH_S, evidence, row_at, rows

POOLS = {
    "bsc-pool-green_shop_api_80": ["10.240.17.1", "10.240.17.2"],
    "bsc-pool-blue_shop_api_80": [],
}


def verdict(*, failures: int = 0) -> Verdict:
    found = rows()
    for place in range(700, 700 + failures):
        found[place] = row_at(found[place][0], outcome=Outcome.RESET)
    switch = Command(
        name="switch",
        begun_s=SWITCH_S,
        ended_s=SWITCH_S + 0.4,
        to="green",
        intent_s=SWITCH_S,
        acknowledged_s=SWITCH_S + 0.302,
        effective_s=SWITCH_S + 0.302,
    )
    seen = judge(evidence(found, story=Story(commands=[switch])))
    (found_switch,) = seen.switches
    return msgspec.structs.replace(
        seen,
        effects=Effects(posts=9, duplicates=0, lost=0),
        streams=msgspec.structs.replace(seen.streams, opened=3),
        switches=tuple(
            msgspec.structs.replace(found_switch, name=name)
            for name in BY_HOST.commands
            if BY_HOST.moves_all(name)
        ),
    )


def told() -> Told:
    return Told(
        rate=100.0,
        tries=[{"name": "demo-azure", "stage": stage} for stage in ("rolled_back", "completed")],
        puts=dict.fromkeys(BY_HOST.commands, 1),
        report="report.html",
        azure={
            "clusters": {"blue": None, "green": "Succeeded"},
            "pools": POOLS,
            "left_to_do": [],
            "findings": ["BlueRetired"],
            "resources": {"managedClusters": 1},
            "requests": {"reads": 9, "writes": 3},
            "puts": 7,
        },
        verdict=verdict(),
        seconds_by_act={"baseline": 3.0},
    )


def lose_requests(story: Told) -> None:
    story.verdict = verdict(failures=2)


def cut_a_stream(story: Told) -> None:
    assert story.verdict is not None
    streams = msgspec.structs.replace(story.verdict.streams, reset=1)
    story.verdict = msgspec.structs.replace(story.verdict, streams=streams)


def open_no_stream(story: Told) -> None:
    assert story.verdict is not None
    streams = msgspec.structs.replace(story.verdict.streams, opened=0)
    story.verdict = msgspec.structs.replace(story.verdict, streams=streams)


def see_no_first_switch(story: Told) -> None:
    assert story.verdict is not None
    seen = tuple(each for each in story.verdict.switches if each.name != "try-switch")
    story.verdict = msgspec.structs.replace(story.verdict, switches=seen)


def lose_a_post(story: Told) -> None:
    assert story.verdict is not None
    effects = Effects(posts=9, duplicates=0, lost=1)
    story.verdict = msgspec.structs.replace(story.verdict, effects=effects)


def repeat_a_post(story: Told) -> None:
    assert story.verdict is not None
    effects = Effects(posts=9, duplicates=1, lost=0)
    story.verdict = msgspec.structs.replace(story.verdict, effects=effects)


def lose_the_ledgers(story: Told) -> None:
    assert story.verdict is not None
    story.verdict = msgspec.structs.replace(story.verdict, effects=None)


def write_twice(story: Told) -> None:
    story.puts["switch"] = 2


def keep_blue(story: Told) -> None:
    story.azure = {**story.azure, "clusters": {"blue": "Succeeded", "green": "Succeeded"}}


def lose_green(story: Told) -> None:
    story.azure = {**story.azure, "clusters": {"blue": None, "green": None}}


def keep_pods_of_blue(story: Told) -> None:
    pools = {**POOLS, "bsc-pool-blue_shop_api_80": ["10.240.1.1"]}
    story.azure = {**story.azure, "pools": pools}


def leave_a_right_of_blue(story: Told) -> None:
    story.azure = {**story.azure, "findings": ["BlueRetired", "LeftOfBlue"]}


def want_blue_again(story: Told) -> None:
    story.azure = {**story.azure, "left_to_do": ["nodepool1 of old"]}


def empty_pools(story: Told) -> None:
    story.azure = {**story.azure, "pools": {}}


def go_back(story: Told) -> None:
    story.tries[1] = {"stage": "rolled_back"}


def test_a_story_that_went_well_is_ok() -> None:
    document = build_document(told())

    assert document["ok"] is True
    assert document["failed"] == 0
    assert document["answers_by_cluster"]["blue"] > 0
    text = "\n".join(render_summary(document))
    assert "BROKEN" not in text
    assert "blue is gone, green is Succeeded" in text
    assert "the article says: seconds" in text
    assert "in the lab only" in text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lose_requests, "2 of"),
        (cut_a_stream, "1 of 3 WebSockets were reset"),
        (open_no_stream, "0 of 0 WebSockets were reset"),
        (see_no_first_switch, "an unknown number of answers came from the old cluster"),
        (repeat_a_post, "1 POSTs took effect twice, 0 never"),
        (lose_a_post, "0 POSTs took effect twice, 1 never"),
        (lose_the_ledgers, "an unknown number of POSTs"),
        (write_twice, "1, 1, 1, 1, 2 PUTs"),
        (keep_blue, "blue is Succeeded"),
        (lose_green, "green is gone"),
        (keep_pods_of_blue, "1 pods of blue"),
        (leave_a_right_of_blue, "left to do on the platform: LeftOfBlue"),
        (want_blue_again, "left to do on the platform: nodepool1 of old"),
        (empty_pools, "0 pools hold pods of green"),
        (go_back, "the upgrades are rolled_back, rolled_back"),
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


@pytest.mark.parametrize(
    ("addresses", "holds"), [(["127.0.0.1"], True), ([], False), (["10.240.1.1"], False)]
)
def test_with_envoys_the_gateway_leads_to_them_and_no_change_is_a_put(
    addresses: list[str], *, holds: bool
) -> None:
    story = replace(told(), course=BY_SHARE, puts=dict.fromkeys(BY_SHARE.commands, 0))
    story.azure = {**story.azure, "pools": {"bsc-pool-envoys": addresses}}

    document = build_document(story)

    assert document["ok"] is holds
    assert document["commands"]["5 %"]["to_all"] is False


def test_times_are_ranked_only_where_all_are_known() -> None:
    assert find_rank([3.0, 1.0, 2.0], 0.5) == 2.0
    assert find_rank([3.0, 1.0, 2.0], 0.9) == 3.0
    assert find_rank([3.0, None], 0.5) is None
    assert find_rank([], 0.5) is None


def test_how_long_azure_takes_is_said() -> None:
    text = "\n".join(render_summary(build_document(replace(told(), model="real", speed=30.0))))

    assert "how long Azure takes: real, 30 times as fast" in text


def test_a_story_that_was_not_told_to_its_end_has_no_document() -> None:
    with pytest.raises(ValueError, match="end"):
        build_document(Told(rate=1.0))
