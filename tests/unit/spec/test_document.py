import pytest

from bascule.errors import SpecError
from bascule.spec.document import DEPTH_MAX, Place, parse_documents

TEXT = """\
# a comment
kind: Ingress
spec:
  rules:
  - host: a.test
    port: 80
---
---
kind: Service
"""


def test_every_field_has_its_place() -> None:
    first, second = parse_documents(TEXT, "x.yaml")

    assert first.value == {"kind": "Ingress", "spec": {"rules": [{"host": "a.test", "port": 80}]}}
    assert first.place(("spec", "rules", 0, "port")) == Place(6, 5)
    assert second.place(("kind",)) == Place(9, 1)


def test_a_field_that_is_not_there_has_the_place_around_it() -> None:
    first, _ = parse_documents(TEXT, "x.yaml")

    assert first.place(("spec", "rules", 0, "missing", "deep")) == Place(5, 5)
    assert first.place(("nothing",)) == Place(2, 1)


def test_a_time_stays_text() -> None:
    (document,) = parse_documents("created: 2026-01-01T00:00:00Z", "x.yaml")

    assert document.value == {"created": "2026-01-01T00:00:00Z"}


def test_anchors_and_merges_are_unfolded() -> None:
    (document,) = parse_documents("a: &x {k: 1}\nb: {<<: *x, m: 2}\nc: *x", "x.yaml")

    assert document.value == {"a": {"k": 1}, "b": {"k": 1, "m": 2}, "c": {"k": 1}}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' appears twice"),
        ("? [a]\n: 1\n", 1, "a key must be text"),
        ("a: !!int x\n", 1, "'x' cannot be read as tag:yaml.org,2002:int"),
        ("a: !mine x\n", 1, "'x' cannot be read as !mine"),
        ("a: *nowhere\n", 1, "not YAML: found undefined alias"),
        ("a: b: c\n", 1, "not YAML: mapping values are not allowed in this context"),
        ("a: \x00\n", None, "not YAML: "),
    ],
    ids=["twice", "key", "number", "tag", "alias", "syntax", "control"],
)
def test_what_is_not_a_document_is_refused_with_its_line(
    text: str, line: int | None, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        parse_documents(text, "x.yaml")

    assert caught.value.file == "x.yaml"
    assert caught.value.line == line
    assert caught.value.message.startswith(message)


def test_a_document_that_unfolds_without_end_is_refused() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )

    with pytest.raises(SpecError, match="nested too deeply or unfolds to too much"):
        parse_documents(bomb, "x.yaml")


def test_a_document_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(SpecError, match="nested too deeply"):
        parse_documents("[" * (DEPTH_MAX + 2) + "]" * (DEPTH_MAX + 2), "x.yaml")


def test_hours_and_minutes_stay_text() -> None:
    (document,) = parse_documents("a: 18:00\nb: 1:30:00.5\nc: 5\n", "f.yaml")

    assert document.value == {"a": "18:00", "b": "1:30:00.5", "c": 5}
