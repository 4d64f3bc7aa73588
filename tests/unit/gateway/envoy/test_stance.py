import pytest

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.snapshot import Kind
from bascule.gateway.envoy.stance import Stance, build_runtime, plan_flip, runtime_key
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from tests.support.tables import ALL_BLUE, ALL_GREEN

HALF = Weights(5_000)
A, B = "a.com", "b.com"


@pytest.mark.parametrize(
    ("configured", "wanted", "forced"),
    [
        (Split(ALL_BLUE), Split(ALL_BLUE), {}),
        (Split(ALL_BLUE), Split(ALL_GREEN), {"": Cluster.GREEN}),
        (Split(HALF), Split(ALL_BLUE), {"": Cluster.BLUE}),
        (Split(ALL_BLUE), Split(HALF), None),
        (Split(ALL_BLUE, {A: HALF}), Split(ALL_GREEN, {A: HALF}), {"": Cluster.GREEN}),
        (Split(ALL_BLUE, {A: HALF}), Split(ALL_BLUE, {A: ALL_GREEN}), {A: Cluster.GREEN}),
        (Split(ALL_BLUE, {A: HALF}), Split(ALL_GREEN), {"": Cluster.GREEN, A: Cluster.GREEN}),
        (Split(ALL_BLUE, {A: HALF}), Split(HALF), None),
        (Split(ALL_BLUE), Split(ALL_BLUE, {A: ALL_GREEN}), None),
        (Split(ALL_BLUE), Split(ALL_GREEN, {A: ALL_GREEN}), {"": Cluster.GREEN}),
    ],
    ids=[
        "nothing to do",
        "flip",
        "end of a canary",
        "a new percentage",
        "a host of its own stays",
        "a host of its own flips",
        "a host of its own ends",
        "a host of its own ends in a percentage",
        "a new host of its own",
        "a new host of its own that says the same",
    ],
)
def test_runtime_keys_do_what_they_can(
    configured: Split, wanted: Split, forced: dict[str, Cluster] | None
) -> None:
    found = plan_flip(configured, wanted)

    assert (None if found is None else dict(found)) == forced
    if found is not None:
        effective = Stance(configured, found).effective
        for host in (A, B):
            assert effective.for_host(host) == wanted.for_host(host)


def test_the_effective_split_is_what_requests_see() -> None:
    stance = Stance(Split(HALF, {A: ALL_BLUE}), {A: Cluster.GREEN})

    assert stance.effective == Split(HALF, {A: ALL_GREEN})


def test_the_runtime_holds_the_forced_clusters_and_nothing_else() -> None:
    resource = build_runtime({"": Cluster.GREEN, A: Cluster.BLUE})

    shown = protos.to_dict(Kind.RUNTIME.value, resource.body)
    assert shown == {
        "name": "bascule",
        "layer": {"bascule.green": 100.0, "bascule.host.a.com.blue": 100.0},
    }
    assert build_runtime({}).version == build_runtime({}).version
    assert runtime_key("", Cluster.BLUE) == "bascule.blue"


def test_runtime_keys_end_with_the_tags_of_the_clusters() -> None:
    stance = Stance(Split(HALF), {"": Cluster.GREEN}, {Cluster.BLUE: "blue", Cluster.GREEN: "g-1"})

    assert stance.keys == {"bascule.g-1": 100}
    assert build_runtime(stance.forced, stance.tags) != build_runtime(stance.forced)
