from pathlib import Path

import pytest

from bascule.lab.load.plan import LaneKind, StreamKind, check_plan
from bascule.lab.story.settings import StorySettings
from bascule.lab.story.traffic import SLOW_RATE, Places, build_plan

PLACES = Places(http_port=8080, https_port=8443, ca_file=Path("/ca.pem"))


def test_every_kind_of_traffic_is_in_the_plan_at_the_rate_asked_for() -> None:
    plan = build_plan(StorySettings(rate=1000), PLACES)

    check_plan(plan)
    assert {lane.kind for lane in plan.lanes} == set(LaneKind)
    assert {stream.kind for stream in plan.streams} == set(StreamKind)
    assert sum(lane.rate for lane in plan.lanes) == pytest.approx(1000 + SLOW_RATE)


def test_the_host_with_tls_is_verified_against_the_shops_authority() -> None:
    plan = build_plan(StorySettings(), PLACES)

    secure = [lane.target for lane in plan.lanes if lane.target.tls]
    assert {(t.port, t.ca_file) for t in secure} == {(8443, "/ca.pem")}


def test_one_of_many_routes_is_asked_too() -> None:
    plan = build_plan(StorySettings(routes=100), PLACES)

    assert plan.lanes[-1].target.host == "r00050.example.test"
