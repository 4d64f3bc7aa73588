"""JSON patch (RFC 6902) as the API server applies it: a patch that does not fit is a 422."""

from collections.abc import Sequence
from typing import Any

from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.merge_patch import is_same
from bascule.lab.kubeapi.objects.statuses import StatusError, bad_request, invalid_patch

OPERATIONS_MAX = 10_000
_NEEDS_VALUE = frozenset({"add", "replace", "test"})
_NEEDS_FROM = frozenset({"move", "copy"})
_OPERATIONS = _NEEDS_VALUE | _NEEDS_FROM | {"remove"}


def apply_json_patch(target: Any, operations: Any) -> Any:
    """Return `target` after all operations, or none of them; neither argument is changed.

    Raises a StatusError: 400 for something that is no patch, 413 for more than OPERATIONS_MAX
    operations, 422 for a path that does not exist and for a `test` that fails.
    """
    checked = _check_operations(operations)
    document = copy_json(target)
    for operation in checked:
        document = _apply_operation(document, operation)
    return document


def diff_json_patch(source: Any, target: Any, path: str = "") -> list[dict[str, Any]]:
    """Return operations that turn `source` into `target`; lists are replaced whole."""
    if not (isinstance(source, dict) and isinstance(target, dict)):
        same = is_same(source, target)
        return [] if same else [{"op": "replace", "path": path, "value": target}]
    operations: list[dict[str, Any]] = []
    for key in sorted(source.keys() | target.keys()):
        here = f"{path}/{_escape(key)}"
        if key not in target:
            operations.append({"op": "remove", "path": here})
        elif key not in source:
            operations.append({"op": "add", "path": here, "value": target[key]})
        else:
            operations.extend(diff_json_patch(source[key], target[key], here))
    return operations


def _check_operations(operations: Any) -> Sequence[dict[str, Any]]:
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(operations) > OPERATIONS_MAX:
        raise StatusError(
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{OPERATIONS_MAX}, got {len(operations)}",
            code=413,
            reason="RequestEntityTooLarge",
        )
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request(
                "json: cannot unmarshal value into Go value of type jsonpatch.Operation"
            )
        _check_operation(operation)
    return operations


def _check_operation(operation: dict[str, Any]) -> None:
    name = operation.get("op")
    if name not in _OPERATIONS:
        raise invalid_patch(f"Unexpected kind: {name}")
    if not isinstance(operation.get("path"), str):
        raise invalid_patch(f"{name} operation: no path")
    if name in _NEEDS_VALUE and "value" not in operation:
        raise invalid_patch(f"{name} operation: no value")
    if name in _NEEDS_FROM and not isinstance(operation.get("from"), str):
        raise invalid_patch(f"{name} operation: no from")


def _apply_operation(document: Any, operation: dict[str, Any]) -> Any:
    path = _parse_pointer(operation["path"])
    match operation["op"]:
        case "add":
            return _add(document, path, copy_json(operation["value"]))
        case "remove":
            return _remove(document, path)
        case "replace":
            return _replace(document, path, copy_json(operation["value"]))
        case "test":
            _test(document, path, operation["value"])
            return document
        case "copy":
            source = _read(document, _parse_pointer(operation["from"]))
            return _add(document, path, copy_json(source))
        case _:
            return _move(document, path, _parse_pointer(operation["from"]))


def _move(document: Any, path: list[str], source: list[str]) -> Any:
    if path[: len(source)] == source and len(path) > len(source):
        raise invalid_patch("move operation: a value cannot be moved into itself")
    value = _read(document, source)
    return _add(_remove(document, source), path, value)


def _test(document: Any, path: list[str], value: Any) -> None:
    try:
        found = _read(document, path)
    except StatusError:
        if value is None:
            return
        raise
    if not is_same(found, value):
        raise invalid_patch(f"testing value /{'/'.join(path)} failed: test failed")


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _read(document, path[:-1])
    last = path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        index = len(parent) if last == "-" else _parse_index(last, limit=len(parent))
        parent.insert(index, value)
    else:
        raise invalid_patch(f"add operation does not apply: doc is missing path: {'/'.join(path)}")
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        return None
    _read(document, path)
    parent = _read(document, path[:-1])
    if isinstance(parent, dict):
        del parent[path[-1]]
    else:
        del parent[_parse_index(path[-1], limit=len(parent) - 1)]
    return document


def _replace(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    _read(document, path)
    parent = _read(document, path[:-1])
    if isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        parent[_parse_index(path[-1], limit=len(parent) - 1)] = value
    return document


def _read(document: Any, path: list[str]) -> Any:
    here = document
    for step in path:
        if isinstance(here, dict):
            if step not in here:
                raise invalid_patch(f"doc is missing key: {step}")
            here = here[step]
        elif isinstance(here, list):
            here = here[_parse_index(step, limit=len(here) - 1)]
        else:
            raise invalid_patch(f"doc is missing path: {'/'.join(path)}")
    return here


def _parse_pointer(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise invalid_patch(f"invalid path: {pointer}")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _parse_index(step: str, *, limit: int) -> int:
    if not step.isascii() or not step.isdigit() or (len(step) > 1 and step.startswith("0")):
        raise invalid_patch(f"invalid array index: {step}")
    index = int(step)
    if index > limit:
        raise invalid_patch(f"index out of bounds: {step}")
    return index


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
