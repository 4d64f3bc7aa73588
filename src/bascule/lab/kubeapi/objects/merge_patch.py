"""JSON merge patch (RFC 7386)."""

from typing import Any


def apply_merge_patch(target: Any, patch: Any) -> Any:
    """Return `target` with `patch` merged in; neither is changed. Null removes a key."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = apply_merge_patch(merged.get(key), value)
    return merged


def diff_merge_patch(source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest merge patch that turns `source` into `target` (which holds no nulls)."""
    patch: dict[str, Any] = {key: None for key in source if key not in target}
    for key, wanted in target.items():
        if key not in source:
            patch[key] = wanted
            continue
        current = source[key]
        if isinstance(current, dict) and isinstance(wanted, dict):
            inner = diff_merge_patch(current, wanted)
            if inner:
                patch[key] = inner
        elif not is_same(current, wanted):
            patch[key] = wanted
    return patch


def is_same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are equal; unlike in Python, `true` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    return bool(left == right)
