from typing import Any

import pytest

from bascule.lab.controllers.system.fitting import Demand, demand_of, parse_quantity, unfit_reason

Object = dict[str, Any]


def node(**spec: Any) -> Object:
    return {
        "metadata": {"name": "node-1", "labels": {"zone": "a"}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "2", "memory": "1Gi", "pods": "3"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(cpu: str = "100m", memory: str = "64Mi", **spec: Any) -> Object:
    requests = {"requests": {"cpu": cpu, "memory": memory}}
    return {"spec": {"containers": [{"resources": requests}], **spec}}


TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


def affinity(*values: str) -> Object:
    term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": list(values)}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"nodeAffinity": required}


@pytest.mark.parametrize(
    ("subject", "place", "reason"),
    [
        pytest.param(pod(), node(), None, id="fits"),
        pytest.param(pod(), node(unschedulable=True), "unschedulable", id="cordoned"),
        pytest.param(pod(cpu="3"), node(), "Insufficient cpu", id="cpu"),
        pytest.param(pod(memory="2Gi"), node(), "Insufficient memory", id="memory"),
        pytest.param(pod(), node(taints=[TAINT]), "untolerated taint {gpu: yes}", id="taint"),
        pytest.param(
            pod(tolerations=[{"key": "gpu", "operator": "Exists"}]),
            node(taints=[TAINT]),
            None,
            id="tolerated",
        ),
        pytest.param(
            pod(tolerations=[{"key": "gpu", "value": "no"}]),
            node(taints=[TAINT]),
            "untolerated",
            id="other value",
        ),
        pytest.param(
            pod(tolerations=[{"key": "gpu", "value": "yes", "effect": "NoExecute"}]),
            node(taints=[TAINT]),
            "untolerated",
            id="other effect",
        ),
        pytest.param(pod(nodeSelector={"zone": "b"}), node(), "node affinity", id="selector"),
        pytest.param(pod(affinity=affinity("b")), node(), "node affinity", id="affinity"),
        pytest.param(pod(affinity=affinity("a", "b")), node(), None, id="affinity fits"),
    ],
)
def test_a_pod_fits_or_it_is_said_why_not(
    subject: Object, place: Object, reason: str | None
) -> None:
    found = unfit_reason(subject, place, Demand())

    assert found is None if reason is None else reason in (found or "")


def test_what_runs_already_takes_room() -> None:
    assert unfit_reason(pod(), node(), Demand(pods=3)) == "Too many pods"
    assert unfit_reason(pod(), node(), Demand(cpu=1.95)) == "Insufficient cpu"


def test_a_node_that_is_not_ready_takes_nothing() -> None:
    down = node()
    down["status"]["conditions"] = []

    assert unfit_reason(pod(), down, Demand()) == "node(s) were not ready"


def test_demand_adds_up_and_is_given_back() -> None:
    demand = demand_of(pod())

    assert demand.plus(demand).minus(demand) == demand


@pytest.mark.parametrize(
    ("text", "value"),
    [("250m", 0.25), ("1Ki", 1024), ("2", 2), ("1G", 1e9), ("", 0), ("much", 0), (4, 4)],
)
def test_quantities_are_read(text: object, value: float) -> None:
    assert parse_quantity(text) == value
