from bascule.lab.load.plan import check_plan
from bascule.lab.story.azure.files import build_platform, find_platform
from bascule.lab.story.azure.script import build_plan


def test_the_load_goes_to_the_gateways_address_and_knows_the_clusters_by_their_names() -> None:
    platform = find_platform(build_platform("AzureCloud")[1], "/subscriptions/s")

    plan = build_plan(100.0, "127.255.0.1", platform)

    check_plan(plan)
    assert {(lane.target.address, lane.target.port) for lane in plan.lanes} == {
        ("127.255.0.1", 8080)
    }
    assert sum(lane.rate for lane in plan.lanes if lane.slow_ms == 0) == 100.0
    assert plan.cluster_by_name == {"old": "blue", "new": "green"}
