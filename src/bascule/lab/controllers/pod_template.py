"""From a workload's template to Pods, and the hash that names a revision."""

from typing import Any

import msgspec

from bascule.lab.controllers.ownership import controller_reference
from bascule.lab.kubeapi.objects.defaults import fill_defaults

Object = dict[str, Any]

HASH_LABEL = "pod-template-hash"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_FNV_OFFSET = 2_166_136_261
_FNV_PRIME = 16_777_619


def build_pod(owner: Object, template: Object, **metadata: Any) -> Object:
    """Return the Pod that `owner` makes of a template; `metadata` adds name, labels and so on."""
    of_template = template.get("metadata") or {}
    labels = {**(of_template.get("labels") or {}), **metadata.pop("labels", {})}
    annotations = {**(of_template.get("annotations") or {}), **metadata.pop("annotations", {})}
    built = {
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": [controller_reference(owner)],
        **metadata,
    }
    if labels:
        built["labels"] = labels
    if annotations:
        built["annotations"] = annotations
    if of_template.get("finalizers"):
        built["finalizers"] = list(of_template["finalizers"])
    spec = template.get("spec") or {}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": built, "spec": spec}
    return fill_defaults(pod)


def template_hash(template: Object, collisions: int = 0) -> str:
    """Return a name-safe hash of a template: equal templates, equal hashes."""
    number = _FNV_OFFSET
    content = msgspec.json.encode(
        [template, collisions] if collisions else template, order="sorted"
    )
    for byte in content:
        number = ((number ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(number))


def without_hash(template: Object) -> Object:
    """Return the template without the label that the Deployment controller added to it."""
    metadata = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != HASH_LABEL}
    metadata["labels"] = labels
    metadata = {key: value for key, value in metadata.items() if value not in (None, {})}
    return {**template, "metadata": metadata}


def is_same_template(left: Object, right: Object) -> bool:
    """Say whether two templates are the same but for the hash label (order does not matter)."""
    return bool(without_hash(left) == without_hash(right))
