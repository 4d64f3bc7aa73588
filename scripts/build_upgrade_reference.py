"""Writes the tables of docs/reference/*-yaml.md from the models in bascule.spec.

Run `python scripts/build_upgrade_reference.py` when a model has changed. What stands above the
marker in a page is written by hand and kept.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bascule.spec.durations import render_duration
from bascule.spec.platform import Platform
from bascule.spec.upgrade import Upgrade

REFERENCE = Path(__file__).parents[1] / "docs/reference"
MODELS: Mapping[str, type[BaseModel]] = {
    "platform-yaml.md": Platform,
    "upgrade-yaml.md": Upgrade,
}
MARKER = "<!-- built by scripts/build_upgrade_reference.py -->\n"


def main() -> None:
    """Write the pages."""
    for name in MODELS:
        target = REFERENCE / name
        target.write_text(build_page(target.read_text(), name))


def build_page(page: str, name: str) -> str:
    """Return the page with what stands above its marker, and tables that are current."""
    by_hand, _, _ = page.partition(MARKER)
    return "\n".join([by_hand + MARKER, *build_sections(MODELS[name], "")])


def build_sections(model: type[BaseModel], path: str) -> Iterator[str]:
    """Yield the lines of a model's table, then of those that it holds, depth first."""
    if path:
        yield from (f"## `{path}`", "", model.__doc__ or "", "")
    yield from ("| field | if absent | what |", "| --- | --- | --- |")
    fields = model.model_fields.items()
    yield from (_row(name, field) for name, field in fields)
    yield ""
    for name, field in fields:
        is_list, models = _find_models(field)
        for inner in models:
            place = f"{path}.{field.alias or name}".removeprefix(".") + ("[]" if is_list else "")
            kind = _kind(inner) if len(models) > 1 else ""
            yield from build_sections(inner, place + kind)


def _row(name: str, field: FieldInfo) -> str:
    what = (field.description or "").replace("|", "\\|")
    return f"| `{field.alias or name}` | {_default(name, field)} | {what} |"


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: object = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return "see there"
    if value is None or value in ((), "", {}):
        return "none"
    if isinstance(value, tuple):
        is_plain = not isinstance(value[0], BaseModel)
        return f"`[{', '.join(str(item) for item in value)}]`" if is_plain else "see right"
    is_number = (field.alias or "").endswith("Seconds")
    if name.endswith("_s") and isinstance(value, float) and not is_number:
        return f"`{render_duration(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else _number(value)}`"


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _kind(model: type[BaseModel]) -> str:
    (kind,) = get_args(model.model_fields["type"].annotation)
    return f" with type: {kind}"


def _find_models(field: FieldInfo) -> tuple[bool, list[type[BaseModel]]]:
    """Return whether the field is a list, and the models that it or its items may be."""
    found: list[type[BaseModel]] = []
    is_list = False
    waiting: list[object] = [field.annotation]
    while waiting:
        kind = waiting.pop(0)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found.append(kind)
        is_list = is_list or getattr(kind, "__origin__", None) is tuple
        waiting += get_args(kind)
    return is_list, found


if __name__ == "__main__":
    main()
