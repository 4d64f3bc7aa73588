"""Create, update, patch and delete of whole objects, with all that stands before the store."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.http import answers, formats, reading
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.http.features import Feature
from bascule.lab.kubeapi.http.paths import is_true
from bascule.lab.kubeapi.lifecycle import DeleteOptions, Propagation
from bascule.lab.kubeapi.objects import apply, defaults, protobuf, statuses, validation
from bascule.lab.kubeapi.objects.json_patch import apply_json_patch
from bascule.lab.kubeapi.objects.merge_patch import apply_merge_patch
from bascule.lab.kubeapi.objects.statuses import StatusError, Subject, bad_request
from bascule.lab.kubeapi.objects.strategic import apply_strategic_patch
from bascule.lab.kubeapi.store import Object, timestamp

KEPT_NAMESPACES: Final = frozenset(("default", "kube-public", "kube-system"))
CERTIFICATE_REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"
_DEFAULT_MANAGER: Final = re.compile(r"^[^/ ]*")
_PROPAGATION_BY_NAME: Final[Mapping[str, Propagation]] = {
    "": "",
    "Background": "Background",
    "Foreground": "Foreground",
    "Orphan": "Orphan",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of a write: the object as stored (or as it would be), and whether it is new."""

    object: Object
    is_new: bool = False


async def create(call: Call) -> web.Response:
    """Answer a POST to a collection."""
    obj = _checked_type(call, await _body(call))
    namespace = _placed(call, obj)
    metadata = obj["metadata"]
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = call.store.generate_name(metadata["generateName"])
    if namespace:
        call.store.check_namespace(call.kind, metadata.get("name", ""), namespace)
    obj = _completed(call, _known_fields(call, obj))
    if call.resource == CERTIFICATE_REQUESTS:
        obj = _signed_by_requester(call, obj)
    _refuse(call, obj, validation.find_causes(obj, _custom_schema(call)))
    obj = apply.track_update(None, obj, schema=call.schema, writer=writer_of(call))
    stored = call.store.create(call.resource, _for_storage(call, obj), dry_run=is_dry_run(call))
    return _answer(call, Written(object=stored, is_new=True))


async def update(call: Call) -> web.Response:
    """Answer a PUT of a whole object, or of its status."""
    obj = _checked_type(call, await _body(call))
    _placed(call, obj)
    current = call.store.get(call.resource, call.target.name, call.target.namespace)
    old = answers.in_version(call.kind, current, call.version.name)
    return _answer(call, _write_over(call, old, _known_fields(call, obj)))


async def patch(call: Call) -> web.Response:
    """Answer a PATCH of any of the four types."""
    media = formats.media_type(call.request.headers.get("Content-Type", ""))
    if media not in _patch_types(call):
        raise formats.unsupported_media_type(media, _patch_types(call))
    body = formats.decode_body(await call.request.read(), media)
    target = call.target
    current = call.store.find(call.resource, target.name, target.namespace)
    old = answers.in_version(call.kind, current, call.version.name) if current else None
    if media == formats.APPLY_PATCH:
        return _answer(call, _server_side_apply(call, old, body))
    if old is None:
        raise refusals.not_found(call.kind, target.name)
    new = _patched(call, media, old, body)
    if not isinstance(new, dict) or not isinstance(new.get("metadata"), dict):
        raise statuses.invalid_patch("the patched object is not an object with metadata")
    new = _checked_type(call, new)
    _check_identity(call, old, new)
    return _answer(call, _write_over(call, old, _known_fields(call, new)))


async def delete(call: Call) -> web.Response:
    """Answer a DELETE of one object."""
    options = await delete_options(call)
    target = call.target
    if call.resource == "namespaces" and target.name in KEPT_NAMESPACES:
        raise refusals.forbidden(call.kind, target.name, "this namespace may not be deleted")
    before = call.store.get(call.resource, target.name, target.namespace)
    last = call.store.delete(call.resource, target.name, target.namespace, options)
    gone = call.store.find(call.resource, target.name, target.namespace) is None
    if call.resource in {"pods", "namespaces"} or not (gone or options.dry_run):
        return answers.answer(answers.shaped(call, last), warnings=call.warnings)
    body = answers.success(call.kind, target.name, before["metadata"]["uid"])
    return answers.answer(body, warnings=call.warnings)


async def delete_collection(call: Call) -> web.Response:
    """Answer a DELETE of all selected objects of a collection."""
    options = await delete_options(call)
    select = reading.selection(call)
    listing = call.store.list(call.resource, call.target.namespace, select=select)
    for obj in listing.items:
        metadata = obj["metadata"]
        call.store.delete(call.resource, metadata["name"], metadata.get("namespace", ""), options)
    metadata = {"resourceVersion": str(call.store.resource_version)}
    return answers.answer(
        answers.shaped_list(call, listing.items, metadata), warnings=call.warnings
    )


async def delete_options(call: Call) -> DeleteOptions:
    """Return the options of a deletion, from the body or the query."""
    body = await call.request.read()
    content_type = call.request.headers.get("Content-Type", "")
    given = formats.decode_object(body, content_type) if body.strip() else {}
    return parse_delete_options(call, given)


def parse_delete_options(call: Call, given: Object) -> DeleteOptions:
    """Return the options that a DeleteOptions object and the query ask for."""
    grace = given.get("gracePeriodSeconds", call.query.get("gracePeriodSeconds"))
    propagation = given.get("propagationPolicy") or call.query.get("propagationPolicy", "")
    if not propagation and given.get("orphanDependents", call.query.get("orphanDependents")):
        propagation = "Orphan"
    if propagation not in _PROPAGATION_BY_NAME:
        raise bad_request(f'propagationPolicy: Unsupported value: "{propagation}"')
    preconditions = given.get("preconditions") or {}
    return DeleteOptions(
        grace_period_s=None if grace is None else int(grace),
        propagation=_PROPAGATION_BY_NAME[propagation],
        uid=preconditions.get("uid", ""),
        resource_version=preconditions.get("resourceVersion", ""),
        dry_run=is_dry_run(call) or bool(given.get("dryRun")),
    )


def is_dry_run(call: Call) -> bool:
    """Say whether nothing must be stored; a StatusError 400 for any value but `All`."""
    values = call.request.query.getall("dryRun", [])
    if any(value not in {"All", ""} for value in values):
        raise bad_request(f'dryRun: Unsupported value: {values}: supported values: "All"')
    return "All" in values and call.api.has(Feature.DRY_RUN)


def _patch_types(call: Call) -> tuple[str, ...]:
    if call.api.has(Feature.SERVER_SIDE_APPLY):
        return formats.PATCH_TYPES
    return tuple(media for media in formats.PATCH_TYPES if media != formats.APPLY_PATCH)


def _server_side_apply(call: Call, old: Object | None, body: Any) -> Written:
    if not isinstance(body, dict):
        raise bad_request("the applied configuration is not an object")
    if not call.query.get("fieldManager"):
        raise StatusError(
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required '
            "for apply patch",
            code=422,
            reason="Invalid",
        )
    intent = _checked_type(call, dict(body))
    _placed(call, intent)
    _check_applied_version(call, old, intent)
    new = apply.apply_configuration(
        old,
        intent,
        schema=call.schema,
        writer=writer_of(call),
        force=is_true(call.query.get("force")),
    )
    if old is not None:
        return _write_over(call, old, new, is_tracked=True)
    namespace = call.target.namespace
    if namespace and call.kind.namespaced:
        call.store.check_namespace(call.kind, call.target.name, namespace)
    obj = _completed(call, new)
    _refuse(call, obj, validation.find_causes(obj, _custom_schema(call)))
    stored = call.store.create(call.resource, _for_storage(call, obj), dry_run=is_dry_run(call))
    return Written(object=stored, is_new=True)


def _check_applied_version(call: Call, old: Object | None, intent: Object) -> None:
    wanted = intent["metadata"].get("resourceVersion")
    if wanted and (old is None or wanted != old["metadata"]["resourceVersion"]):
        raise refusals.modified(call.kind, call.target.name)
    uid = intent["metadata"].get("uid")
    if uid and (old is None or uid != old["metadata"]["uid"]):
        found = old["metadata"]["uid"] if old else ""
        raise refusals.conflict(
            call.kind,
            call.target.name,
            f"uid mismatch: the provided object specified uid {uid}, and no existing object "
            f"was found (current: {found})",
        )


def _write_over(call: Call, old: Object, new: Object, *, is_tracked: bool = False) -> Written:
    """Store `new` over `old` (both in the version asked for), or its status alone."""
    if not call.api.has(Feature.OPTIMISTIC_LOCK):
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    writes_status = call.target.subresource == "status"
    if writes_status:
        new = {**old, "status": new.get("status"), "metadata": _status_metadata(old, new)}
        if new["status"] is None:
            new.pop("status")
    else:
        new = _completed(call, new)
        causes = validation.find_causes(new, _custom_schema(call))
        _refuse(call, new, (*causes, *validation.find_update_causes(old, new)))
    if not is_tracked:
        new = apply.track_update(old, new, schema=call.schema, writer=writer_of(call))
    store = call.store.update_status if writes_status else call.store.update
    stored = store(call.resource, _for_storage(call, new), dry_run=is_dry_run(call))
    return Written(object=stored)


def _status_metadata(old: Object, new: Object) -> Object:
    metadata = dict(old["metadata"])
    for key in ("resourceVersion", "uid", "managedFields"):
        if key in new["metadata"]:
            metadata[key] = new["metadata"][key]
    return metadata


def _patched(call: Call, media: str, old: Object, body: Any) -> Any:
    if media == formats.JSON_PATCH:
        return apply_json_patch(old, body)
    if not isinstance(body, dict):
        raise bad_request("the patch is not an object")
    if media == formats.MERGE_PATCH or not call.api.has(Feature.STRATEGIC_MERGE):
        return apply_merge_patch(old, body)
    schema = call.schema
    if call.kind.is_custom or schema is None:
        allowed = (formats.JSON_PATCH, formats.MERGE_PATCH, formats.APPLY_PATCH)
        raise formats.unsupported_media_type(media, allowed)
    return apply_strategic_patch(old, body, schema)


async def _body(call: Call) -> Object:
    content_type = call.request.headers.get("Content-Type", "")
    body = await call.request.read()
    strictness = field_validation(call)
    if strictness != "Ignore" and not body.startswith(protobuf.MAGIC):
        is_yaml = formats.media_type(content_type) in formats.YAML_TYPES
        _report_fields(call, validation.find_duplicate_fields(body, is_yaml=is_yaml))
    _check_media(call, body)
    return formats.decode_object(body, content_type)


def _check_media(call: Call, body: bytes) -> None:
    if body.startswith(protobuf.MAGIC) and not call.api.has(Feature.PROTOBUF):
        raise formats.unsupported_media_type(protobuf.MEDIA_TYPE, (formats.JSON,))


def field_validation(call: Call) -> str:
    """Return Strict, Warn or Ignore; a StatusError 400 for anything else."""
    value = call.query.get("fieldValidation") or "Warn"
    if value not in {"Strict", "Warn", "Ignore"}:
        raise bad_request(f'fieldValidation: Unsupported value: "{value}"')
    return value if call.api.has(Feature.STRICT_FIELDS) else "Ignore"


def _known_fields(call: Call, obj: Object) -> Object:
    """Return the object without unknown fields; they are refused, warned of or ignored."""
    schema = call.schema
    if schema is None:
        return obj
    unknown = validation.find_unknown_fields(obj, schema)
    if unknown and field_validation(call) != "Ignore":
        _report_fields(call, unknown)
    validation.check_types(obj, schema)
    return validation.strip_unknown_fields(obj, schema) if unknown else obj


def _report_fields(call: Call, messages: tuple[str, ...]) -> None:
    if not messages:
        return
    if field_validation(call) == "Strict":
        kind = call.kind.kind
        text = f"strict decoding error: {', '.join(messages)}"
        if call.target.verb != "patch" and not call.kind.is_custom:
            text = f'{kind} in version "{call.version.name}" cannot be handled as a {kind}: {text}'
        raise bad_request(text)
    call.warnings.extend(messages)


def _checked_type(call: Call, obj: Object) -> Object:
    """Return the object with its type, which must be the one that the path names."""
    expected = call.kind.api_version(call.version.name)
    given = obj.get("apiVersion") or expected
    kind = obj.get("kind") or call.kind.kind
    if kind != call.kind.kind:
        raise bad_request(
            f'{kind} in version "{call.version.name}" cannot be handled as a {call.kind.kind}: '
            f"no kind {kind!r} is registered for version {given!r}".replace("'", '"')
        )
    if given != expected:
        raise bad_request(
            f"the API version in the data ({given}) does not match the expected API version "
            f"({expected})"
        )
    metadata = obj.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise bad_request("metadata is not an object")
    return {**obj, "apiVersion": expected, "kind": kind, "metadata": dict(metadata)}


def _placed(call: Call, obj: Object) -> str:
    """Put the object where the path says, and return its namespace."""
    metadata = obj["metadata"]
    target = call.target
    if call.kind.namespaced:
        given = metadata.get("namespace") or target.namespace
        if given != target.namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
        if not given:
            raise bad_request("an empty namespace may not be set during creation")
        metadata["namespace"] = given
    else:
        metadata.pop("namespace", None)
    if target.name:
        given = metadata.get("name") or target.name
        if given != target.name:
            raise bad_request(
                f"the name of the object ({given}) does not match the name on the URL "
                f"({target.name})"
            )
        metadata["name"] = target.name
    return str(metadata.get("namespace") or "")


def _check_identity(call: Call, old: Object, new: Object) -> None:
    name, space = new["metadata"].get("name"), new["metadata"].get("namespace")
    if name != old["metadata"]["name"] or space != old["metadata"].get("namespace"):
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL "
            f"({call.target.name})"
        )


def _completed(call: Call, obj: Object) -> Object:
    """Return the object with the defaults of its kind."""
    if not call.api.has(Feature.DEFAULTS):
        return obj
    if not call.kind.is_custom:
        return defaults.fill_defaults(obj, minor=call.store.minor)
    schema = call.schema
    return obj if schema is None else defaults.fill_custom_defaults(obj, schema)


def _custom_schema(call: Call) -> Any:
    return call.schema if call.kind.is_custom else None


def _refuse(call: Call, obj: Object, causes: tuple[statuses.Cause, ...]) -> None:
    if not causes or not call.api.has(Feature.VALIDATION):
        return
    name = obj["metadata"].get("name", "")
    subject = Subject(
        group=call.kind.group, resource=call.kind.plural, kind=call.kind.kind, name=name
    )
    raise statuses.invalid(subject, causes)


def _for_storage(call: Call, obj: Object) -> Object:
    stored_as = call.store.kind(call.resource)
    return answers.in_version(stored_as, obj, stored_as.storage_version)


def _signed_by_requester(call: Call, obj: Object) -> Object:
    """Return a certificate signing request with the name and groups of who makes it."""
    user = call.user
    asked = {"username": user.name, "groups": list(user.groups)}
    return {**obj, "spec": {**(obj.get("spec") or {}), **asked}}


def writer_of(call: Call) -> apply.Writer:
    """Return who writes, as managedFields name them: the field manager, or the user agent."""
    agent = call.request.headers.get("User-Agent", "unknown")
    found = _DEFAULT_MANAGER.match(agent)
    fallback = found[0] if found else agent
    return apply.Writer(
        manager=call.query.get("fieldManager") or fallback,
        api_version=call.kind.api_version(call.version.name),
        time=timestamp(call.store.clock.now()),
        subresource=call.target.subresource,
        has_status=call.kind.has_status,
    )


def _answer(call: Call, written: Written) -> web.Response:
    body = answers.shaped(call, written.object)
    return answers.answer(body, code=201 if written.is_new else 200, warnings=call.warnings)
