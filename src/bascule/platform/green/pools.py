"""Green's node pools: blue's, with what the spec changes in them, removes or adds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bascule.azure.document import Document, text_at
from bascule.checks.findings import Finding, Severity
from bascule.platform.desired.cluster import DEFAULT_COUNT
from bascule.platform.desired.ids import Ids
from bascule.platform.green.model import Difference, Treatment
from bascule.spec.azure.cluster import GreenCluster, PoolChange


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedPools:
    """The pools' documents in the order of blue's, new ones last."""

    documents: tuple[Document, ...]
    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...]


def derive_pools(
    ids: Ids, green: GreenCluster, copied: Sequence[Document], *, version: str
) -> DerivedPools:
    """Return green's pools from those that were copied of blue; all get `version` if given."""
    changes = {change.name: change for change in green.pools}
    names = [text_at(pool, "name") for pool in copied]
    documents: list[Document] = []
    differences: list[Difference] = []
    for pool in copied:
        change = changes.get(text_at(pool, "name"))
        if change is not None and change.remove:
            differences.append(_said(change.name, "pool", change.name, None))
            continue
        after = _changed(ids, green, pool, change)
        differences += _differences(text_at(pool, "name"), pool, after)
        documents.append(after)
    new = [change for change in green.pools if change.name not in names and not change.remove]
    for change in new:
        documents.append(_changed(ids, green, _fresh(ids, change), change))
        differences.append(_said(change.name, "pool", None, change.name))
    if version:
        documents = [{**pool, "orchestratorVersion": version} for pool in documents]
    return DerivedPools(
        documents=tuple(documents),
        differences=tuple(differences),
        findings=tuple(_check(green, names, documents)),
    )


def _fresh(ids: Ids, change: PoolChange) -> Document:
    return {
        "name": change.name,
        "mode": "User",
        "type": "VirtualMachineScaleSets",
        "osType": "Linux",
        "count": DEFAULT_COUNT,
        "vnetSubnetID": str(ids.subnet(ids.spec.clusters.blue.subnet)),
    }


def _changed(ids: Ids, green: GreenCluster, pool: Document, change: PoolChange | None) -> Document:
    after = dict(pool)
    if green.subnet is not None:
        after["vnetSubnetID"] = str(ids.subnet(green.subnet))
    if change is None:
        return after
    said: dict[str, object] = {
        "mode": change.mode,
        "vmSize": change.vm_size,
        "maxPods": change.max_pods,
        "osSKU": change.os_sku,
        "availabilityZones": None if change.zones is None else list(change.zones),
        "nodeLabels": None if change.labels is None else dict(change.labels),
        "nodeTaints": None if change.taints is None else list(change.taints),
        "vnetSubnetID": None if change.subnet is None else str(ids.subnet(change.subnet)),
        "podSubnetID": None if change.pod_subnet is None else str(ids.subnet(change.pod_subnet)),
    }
    after.update({key: value for key, value in said.items() if value is not None})
    if change.count is not None:
        after = {key: value for key, value in after.items() if key not in {"minCount", "maxCount"}}
        after.update({"count": change.count, "enableAutoScaling": False})
    if change.autoscale is not None:
        limits = {"minCount": change.autoscale.min, "maxCount": change.autoscale.max}
        after.update({"enableAutoScaling": True, **limits})
        after.pop("count", None)
    return after


def _differences(name: str, before: Document, after: Document) -> Iterator[Difference]:
    for key in sorted({*before, *after}):
        if (before.get(key) or None) != (after.get(key) or None):
            yield _said(name, key, before.get(key), after.get(key))


def _said(pool: str, field: str, blue: object, green: object) -> Difference:
    return Difference(
        field=f"pools[{pool}].{field}",
        blue=blue,
        green=green,
        treatment=Treatment.CHANGED,
        reason="the spec says so",
    )


def _check(
    green: GreenCluster, names: Sequence[str], documents: Sequence[Document]
) -> Iterator[Finding]:
    for change in green.pools:
        if change.remove and change.name not in names:
            known = f"one of: {', '.join(names)}"
            said = f"the pool {change.name} is to be left out, and blue has none of that name"
            yield _blocker("PoolNotInBlue", green.name, said, known)
    if not any(text_at(pool, "mode").lower() == "system" for pool in documents):
        said = "green would have no System pool, and a cluster needs one"
        yield _blocker("NoSystemPool", green.name, said, "leave one in, or add one")
    if any(text_at(pool, "osType").lower() == "windows" for pool in documents):
        said = "green would have Windows nodes, and nobody can read blue's password for them"
        how = "make green without them (`remove: true`), and add them with a password of its own"
        yield _blocker("WindowsPasswordUnknown", green.name, said, how)


def _blocker(code: str, cluster: str, message: str, remedy: str) -> Finding:
    return Finding(
        severity=Severity.BLOCKER,
        code=code,
        subject=f"cluster {cluster}",
        message=message,
        remedy=remedy,
    )
