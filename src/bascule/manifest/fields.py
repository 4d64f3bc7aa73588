"""Reads fields of raw objects; what is absent and what is null is the same, as in Kubernetes."""

from collections.abc import Iterator, Mapping, Sequence


class MalformedFieldError(ValueError):
    """A field holds another type than the API says; `str()` names the field and both types."""

    def __init__(self, field: str, wanted: str, value: object) -> None:
        super().__init__(f"{field} should be {wanted} and is {_type_name(value)}")


def _type_name(value: object) -> str:
    names = {dict: "a map", list: "a list", str: "text", bool: "a boolean", int: "a number"}
    return names.get(type(value), f"of type {type(value).__name__}")


def read_map(raw: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Return the map at `key`; empty when absent or null. Raises MalformedFieldError."""
    value = raw.get(key)
    if value is None:
        return {}
    return as_map(value, key)


def as_map(value: object, field: str) -> Mapping[str, object]:
    """Return `value` as a map with text keys. Raises MalformedFieldError naming `field`."""
    if not isinstance(value, dict):
        raise MalformedFieldError(field, "a map", value)
    return value


def read_list(raw: Mapping[str, object], key: str) -> Sequence[object]:
    """Return the list at `key`; empty when absent or null. Raises MalformedFieldError."""
    value = raw.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise MalformedFieldError(key, "a list", value)
    return value


def read_maps(raw: Mapping[str, object], key: str) -> Iterator[Mapping[str, object]]:
    """Yield the maps in the list at `key`. Raises MalformedFieldError."""
    for index, item in enumerate(read_list(raw, key)):
        yield as_map(item, f"{key}[{index}]")


def read_text(raw: Mapping[str, object], key: str) -> str:
    """Return the text at `key`; empty when absent or null. Raises MalformedFieldError."""
    value = raw.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedFieldError(key, "text", value)
    return value


def read_texts(raw: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return the list of texts at `key`. Raises MalformedFieldError."""
    texts = []
    for index, item in enumerate(read_list(raw, key)):
        if not isinstance(item, str):
            raise MalformedFieldError(f"{key}[{index}]", "text", item)
        texts.append(item)
    return tuple(texts)


def read_number(raw: Mapping[str, object], key: str) -> int | None:
    """Return the whole number at `key`, None when absent or null. Raises MalformedFieldError."""
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedFieldError(key, "a number", value)
    return value


def read_flag(raw: Mapping[str, object], key: str) -> bool | None:
    """Return the boolean at `key`, None when absent or null. Raises MalformedFieldError."""
    value = raw.get(key)
    if value is not None and not isinstance(value, bool):
        raise MalformedFieldError(key, "a boolean", value)
    return value
