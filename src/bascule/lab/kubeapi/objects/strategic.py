"""Strategic merge patch: a merge patch that knows by which key the items of a list are matched.

Follows k8s.io/apimachinery/pkg/util/strategicpatch: `$patch`, `$retainKeys`,
`$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>`.
"""

from typing import Any, Final

from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.merge_patch import is_same
from bascule.lab.kubeapi.objects.schema import Schema
from bascule.lab.kubeapi.objects.statuses import StatusError

_DIRECTIVE: Final = "$patch"
_RETAIN_KEYS: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DELETE_PRIMITIVES: Final = "$deleteFromPrimitiveList/"


def apply_strategic_patch(
    target: dict[str, Any], patch: dict[str, Any], schema: Schema
) -> dict[str, Any]:
    """Return `target` with `patch` merged in by the schema of its kind; neither is changed.

    Raises a StatusError (500, as the real server answers) for a directive that makes no sense and
    for a list item without its merge key.
    """
    return _merge_map(copy_json(target), copy_json(patch), schema)


def _merge_map(
    original: dict[str, Any], patch: dict[str, Any], schema: Schema | None
) -> dict[str, Any]:
    if _DIRECTIVE in patch:
        return _follow_directive(patch)
    _retain_keys(original, patch)
    _merge_ordered_lists(original, patch, schema)
    for key, value in patch.items():
        if key.startswith(_DELETE_PRIMITIVES):
            _delete_primitives(original, key.removeprefix(_DELETE_PRIMITIVES), value)
        elif value is None:
            original.pop(key, None)
        else:
            _merge_field(original, key, value, schema.field(key) if schema else None)
    return original


def _merge_field(original: dict[str, Any], key: str, value: Any, schema: Schema | None) -> None:
    strategies = schema.patch_strategies if schema else frozenset()
    current = original.get(key)
    if isinstance(current, dict) and isinstance(value, dict) and "replace" not in strategies:
        original[key] = _merge_map(current, value, schema)
    elif isinstance(current, list) and isinstance(value, list) and "merge" in strategies:
        original[key] = _merge_list(current, value, schema)
    else:
        _put_clean(original, key, value)


def _put_clean(original: dict[str, Any], key: str, value: Any) -> None:
    if isinstance(value, dict) and value.get(_DIRECTIVE) == "delete":
        original.pop(key, None)
    else:
        original[key] = _strip(value)


def _strip(value: Any) -> Any:
    """Return a value of a patch as it stands where there was none: no directives, no nulls."""
    if isinstance(value, list):
        items = [item for item in value if not _is_directive_item(item)]
        return [_strip(item) for item in items]
    if not isinstance(value, dict):
        return value
    return {
        key: _strip(inner)
        for key, inner in value.items()
        if inner is not None
        and key not in {_DIRECTIVE, _RETAIN_KEYS}
        and not key.startswith((_ORDER, _DELETE_PRIMITIVES))
        and not (isinstance(inner, dict) and inner.get(_DIRECTIVE) == "delete")
    }


def _is_directive_item(item: Any) -> bool:
    return isinstance(item, dict) and item.get(_DIRECTIVE) in {"delete", "replace"}


def _follow_directive(patch: dict[str, Any]) -> dict[str, Any]:
    match patch[_DIRECTIVE]:
        case "replace":
            replaced: dict[str, Any] = _strip(patch)
            return replaced
        case "delete":
            return {}
        case other:
            raise _bad_patch(f"unknown patch type: {other} in map: {patch}")


def _retain_keys(original: dict[str, Any], patch: dict[str, Any]) -> None:
    if _RETAIN_KEYS not in patch:
        return
    kept = patch.pop(_RETAIN_KEYS)
    present = {key for key in patch if not key.startswith((_ORDER, _DELETE_PRIMITIVES))}
    if not isinstance(kept, list) or not present <= set(kept):
        raise _bad_patch(
            "invalid patch format of retainKeys: the keys of the patch are not all in $retainKeys"
        )
    for key in [key for key in original if key not in kept]:
        del original[key]


def _delete_primitives(original: dict[str, Any], key: str, values: Any) -> None:
    if not isinstance(values, list):
        raise _bad_patch(f"{_DELETE_PRIMITIVES}{key} is not a list")
    current = original.get(key)
    if isinstance(current, list):
        original[key] = [item for item in current if not _holds(values, item)]


def _merge_ordered_lists(
    original: dict[str, Any], patch: dict[str, Any], schema: Schema | None
) -> None:
    """Merge every list that comes with an order, and take it and its order out of the patch."""
    for directive in [key for key in patch if key.startswith(_ORDER)]:
        key = directive.removeprefix(_ORDER)
        order = patch.pop(directive)
        child = schema.field(key) if schema else None
        merge_key = child.merge_key if child else None
        if not isinstance(order, list):
            raise _bad_patch(f"{directive} is not a list")
        deletion = patch.pop(_DELETE_PRIMITIVES + key, None)
        if deletion is not None:
            _delete_primitives(original, key, deletion)
        before = original.get(key)
        server_order = list(before) if isinstance(before, list) else []
        if key in patch:
            added = patch.pop(key)
            _check_order(added, order, merge_key)
            if added is None:
                original.pop(key, None)
            else:
                _merge_field(original, key, added, child)
        merged = original.get(key)
        if isinstance(merged, list):
            original[key] = _put_in_order(merged, order, server_order, merge_key)


def _check_order(items: Any, order: list[Any], merge_key: str | None) -> None:
    kept = [item for item in items or () if not _is_directive_item(item)]
    places = [_place(order, item, merge_key) for item in kept]
    if -1 in places or places != sorted(places):
        raise _bad_patch(
            "The order in patch list doesn't match the $setElementOrder list: "
            f"patch list: {kept}, $setElementOrder list: {order}"
        )


def _merge_list(original: list[Any], patch: list[Any], schema: Schema | None) -> list[Any]:
    if not any(isinstance(item, dict) for item in (*original, *patch)):
        merged: list[Any] = []
        for item in (*original, *patch):
            if not _holds(merged, item):
                merged.append(item)
        return _put_in_order(merged, patch, original, None)
    key = schema.merge_key if schema else None
    if key is None:
        raise _bad_patch("cannot merge lists without merge key")
    remaining, additions = _follow_item_directives(original, patch, key)
    items = schema.items if schema else None
    merged = list(remaining)
    for item in additions:
        place = _place(merged, item, key)
        if place < 0:
            merged.append(_strip(item))
        else:
            merged[place] = _merge_map(merged[place], item, items)
    return _put_in_order(merged, additions, remaining, key)


def _follow_item_directives(
    original: list[Any], patch: list[Any], key: str
) -> tuple[list[Any], list[Any]]:
    remaining = list(original)
    additions = []
    is_replaced = False
    for item in patch:
        directive = item.get(_DIRECTIVE) if isinstance(item, dict) else None
        if directive == "replace":
            is_replaced = True
        elif directive == "delete":
            _check_merge_key(item, key)
            remaining = [other for other in remaining if not _is_match(other, item, key)]
        elif directive is not None:
            raise _bad_patch(f"unknown patch type: {directive} in list")
        else:
            _check_merge_key(item, key)
            additions.append(item)
    return ([] if is_replaced else remaining), additions


def _check_merge_key(item: Any, key: str) -> None:
    if not isinstance(item, dict) or key not in item:
        raise _bad_patch(f"map: {item} does not contain declared merge key: {key}")


def _put_in_order(
    merged: list[Any], order: list[Any], server_order: list[Any], key: str | None
) -> list[Any]:
    """Weave the items that the patch orders with those that only the server has."""
    ordered = [item for item in merged if _place(order, item, key) >= 0]
    ordered.sort(key=lambda item: _place(order, item, key))
    others = [item for item in merged if _place(order, item, key) < 0]
    others.sort(key=lambda item: _place(server_order, item, key))
    woven: list[Any] = []
    while ordered and others:
        left = _place(server_order, others[0], key)
        right = _place(server_order, ordered[0], key)
        source = others if 0 <= left < right else ordered
        woven.append(source.pop(0))
    return [*woven, *ordered, *others]


def _place(items: list[Any], wanted: Any, key: str | None) -> int:
    for place, item in enumerate(items):
        if is_same(item, wanted) if key is None else _is_match(item, wanted, key):
            return place
    return -1


def _is_match(left: Any, right: Any, key: str) -> bool:
    if not (isinstance(left, dict) and isinstance(right, dict)) or key not in left:
        return False
    return key in right and is_same(left[key], right[key])


def _holds(items: list[Any], wanted: Any) -> bool:
    return any(is_same(item, wanted) for item in items)


def _bad_patch(message: str) -> StatusError:
    return StatusError(message, code=500, reason="InternalError")
