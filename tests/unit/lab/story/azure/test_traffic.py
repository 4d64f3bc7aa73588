from pathlib import Path

import pytest

from bascule.lab.load.plan import check_plan
from bascule.lab.story.azure.files import build_platform, find_platform
from bascule.lab.story.azure.settings import RATE_MAX
from bascule.lab.story.azure.traffic import Door, build_plan

DOOR = Door(address="127.255.0.1", ca_file=Path("ca.pem"))


@pytest.mark.parametrize("rate", [100.0, RATE_MAX])
def test_the_load_goes_to_both_ports_of_the_gateway_and_knows_the_clusters_by_their_names(
    rate: float,
) -> None:
    platform = find_platform(build_platform("AzureCloud")[1], "/subscriptions/s")

    plan = build_plan(rate, DOOR, platform)

    check_plan(plan)
    targets = {(each.target.address, each.target.port, each.target.tls) for each in plan.lanes}
    assert targets == {("127.255.0.1", 8080, False), ("127.255.0.1", 8443, True)}
    assert sum(lane.rate for lane in plan.lanes if lane.slow_ms == 0) == pytest.approx(rate)
    assert plan.cluster_by_name == {"old": "blue", "new": "green"}
    assert [each.name for each in plan.streams] == ["websocket"]
