"""Whether a pod may run on a node. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bascule.lab.controllers.conditions import is_true
from bascule.lab.kubeapi.objects.selectors import match_labels

Object = dict[str, Any]

_SUFFIXES = {
    "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip
_BLOCKING = frozenset({"NoSchedule", "NoExecute"})


@dataclass(frozen=True, slots=True)
class Demand:
    """What pods take of a node."""

    pods: int = 0
    cpu: float = 0.0
    memory: float = 0.0

    def plus(self, other: "Demand") -> "Demand":
        """Return both together."""
        return Demand(self.pods + other.pods, self.cpu + other.cpu, self.memory + other.memory)

    def minus(self, other: "Demand") -> "Demand":
        """Return this without the other."""
        return Demand(self.pods - other.pods, self.cpu - other.cpu, self.memory - other.memory)


def parse_quantity(text: object) -> float:
    """Read a quantity such as `250m` or `64Mi`; what cannot be read counts as 0."""
    content = str(text or "0")
    for length in (2, 1):
        factor = _SUFFIXES.get(content[-length:])
        if factor is not None:
            return _float(content[:-length]) * factor
    return _float(content)


def demand_of(pod: Object) -> Demand:
    """Return what a pod's requests add up to."""
    requests = [
        (item.get("resources") or {}).get("requests") or {}
        for item in pod["spec"].get("containers") or ()
    ]
    return Demand(
        1,
        sum(parse_quantity(item.get("cpu")) for item in requests),
        sum(parse_quantity(item.get("memory")) for item in requests),
    )


def unfit_reason(pod: Object, node: Object, used: Demand) -> str | None:
    """Return why the pod cannot run there, in the scheduler's words, or None if it can."""
    spec = node.get("spec") or {}
    if spec.get("unschedulable") and not _tolerates(pod, _UNSCHEDULABLE):
        return "node(s) were unschedulable"
    if not is_true(node, "Ready"):
        return "node(s) were not ready"
    for taint in spec.get("taints") or ():
        if taint.get("effect") in _BLOCKING and not _tolerates(pod, taint):
            pair = f"{taint['key']}: {taint.get('value', '')}"
            return f"node(s) had untolerated taint {{{pair}}}"
    if not matches_node(pod, node):
        return "node(s) didn't match Pod's node affinity/selector"
    return _missing_room(demand_of(pod), node, used)


_UNSCHEDULABLE: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def matches_node(pod: Object, node: Object) -> bool:
    """Say whether nodeSelector and required node affinity allow the node."""
    labels = node["metadata"].get("labels") or {}
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    names = {"metadata.name": node["metadata"]["name"]}
    return any(
        match_labels({"matchExpressions": term.get("matchExpressions") or []}, labels)
        and match_labels({"matchExpressions": term.get("matchFields") or []}, names)
        for term in required.get("nodeSelectorTerms") or ()
    )


def _missing_room(demand: Demand, node: Object, used: Demand) -> str | None:
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    total = used.plus(demand)
    if total.pods > parse_quantity(allocatable.get("pods", "110")):
        return "Too many pods"
    if "cpu" in allocatable and total.cpu > parse_quantity(allocatable["cpu"]):
        return "Insufficient cpu"
    if "memory" in allocatable and total.memory > parse_quantity(allocatable["memory"]):
        return "Insufficient memory"
    return None


def _tolerates(pod: Object, taint: Object) -> bool:
    tolerations: Iterable[Object] = pod["spec"].get("tolerations") or ()
    return any(_is_match(item, taint) for item in tolerations)


def _is_match(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in {None, "", taint["effect"]}:
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in {None, "", taint["key"]}
    same_key = toleration.get("key") == taint["key"]
    return bool(same_key and toleration.get("value", "") == taint.get("value", ""))


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
