"""The scale subresource: replicas and selector of anything that has them, as one small object."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi.http import answers, formats, writing
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.objects import apply
from bascule.lab.kubeapi.objects.json_patch import apply_json_patch
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.merge_patch import apply_merge_patch
from bascule.lab.kubeapi.objects.statuses import Cause, Subject, bad_request, invalid
from bascule.lab.kubeapi.store import Object

_BUILT_IN_PATHS: Final[Mapping[str, str]] = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".spec.selector",
}


async def scale(call: Call) -> web.StreamResponse:
    """Answer GET, PUT and PATCH of a scale."""
    current = call.store.get(call.resource, call.target.name, call.target.namespace)
    seen = _scale_of(call, current)
    if call.target.verb == "get":
        return answers.answer(seen, warnings=call.warnings)
    wanted = await _wanted(call, seen)
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        cause = Cause(
            reason="FieldValueInvalid",
            message=f"Invalid value: {replicas}: must be greater than or equal to 0",
            field="spec.replicas",
        )
        subject = Subject(group="autoscaling", kind="Scale", name=call.target.name)
        raise invalid(subject, (cause,))
    new = _set(copy_json(current), _paths(call)["specReplicasPath"], replicas)
    version = (wanted.get("metadata") or {}).get("resourceVersion")
    if version:
        new["metadata"]["resourceVersion"] = version
    new = apply.track_update(current, new, schema=call.schema, writer=writing.writer_of(call))
    stored = call.store.update(call.resource, new, dry_run=writing.is_dry_run(call))
    return answers.answer(_scale_of(call, stored), warnings=call.warnings)


async def _wanted(call: Call, seen: Object) -> Object:
    content_type = call.request.headers.get("Content-Type", "")
    body = formats.decode_body(await call.request.read(), content_type)
    media = formats.media_type(content_type)
    if call.target.verb == "patch" and media == formats.JSON_PATCH:
        body = apply_json_patch(seen, body)
    elif call.target.verb == "patch":
        body = apply_merge_patch(seen, body)
    if not isinstance(body, dict):
        raise bad_request("the scale is not an object")
    return body


def _scale_of(call: Call, obj: Object) -> Object:
    paths = _paths(call)
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": _read(obj, paths["statusReplicasPath"]) or 0}
    selector = _read(obj, paths.get("labelSelectorPath", ""))
    if selector:
        status["selector"] = _selector_text(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": _read(obj, paths["specReplicasPath"]) or 0},
        "status": status,
    }


def _paths(call: Call) -> Mapping[str, str]:
    return call.api.custom.scale_paths(call.kind, call.version.name) or _BUILT_IN_PATHS


def _read(obj: Object, path: str) -> Any:
    value: Any = obj
    for part in path.strip(".").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _set(obj: Object, path: str, value: int) -> Object:
    *parents, last = path.strip(".").split(".")
    place = obj
    for part in parents:
        place = place.setdefault(part, {})
    place[last] = value
    return obj


def _selector_text(selector: Any) -> str:
    if isinstance(selector, str):
        return selector
    labels = selector.get("matchLabels", {}) if isinstance(selector, dict) else {}
    terms = [f"{key}={value}" for key, value in sorted(labels.items())]
    for term in selector.get("matchExpressions") or ():
        values = ",".join(sorted(term.get("values") or ()))
        terms.append(
            {
                "In": f"{term['key']} in ({values})",
                "NotIn": f"{term['key']} notin ({values})",
                "Exists": term["key"],
                "DoesNotExist": f"!{term['key']}",
            }[term["operator"]]
        )
    return ",".join(terms)
