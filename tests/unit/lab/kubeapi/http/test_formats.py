import pytest

from bascule.lab.kubeapi.http.formats import (
    Wanted,
    decode_body,
    decode_object,
    media_type,
    parse_accept,
)
from bascule.lab.kubeapi.objects.statuses import StatusError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def anything(_: Wanted) -> bool:
    return True


@pytest.mark.parametrize(
    ("header", "shape"),
    [
        ("", "object"),
        ("*/*", "object"),
        (f"{TABLE},application/json", "table"),
        ("application/vnd.kubernetes.protobuf,application/json", "object"),
        ("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "metadata"),
        ("application/json;as=Nonsense,application/json", "object"),
    ],
)
def test_the_first_form_that_can_be_given_is_taken(header: str, shape: str) -> None:
    assert parse_accept(header, anything).shape == shape


def test_a_form_that_is_not_supported_is_passed_over() -> None:
    wanted = parse_accept(f"{TABLE},application/json", lambda form: form.shape != "table")

    assert wanted.shape == "object"


@pytest.mark.parametrize("header", ["application/vnd.kubernetes.protobuf", "text/html"])
def test_nothing_else_can_be_given(header: str) -> None:
    with pytest.raises(StatusError) as caught:
        parse_accept(header, anything)

    assert caught.value.code == 406


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"a": "b"}', "application/json"),
        (b'{"a": "b"}', ""),
        (b"a: b", "application/yaml"),
        (b'{"a": "b"}', "application/apply-patch+yaml"),
        (b'{"a": "b"}', "application/merge-patch+json; charset=utf-8"),
    ],
)
def test_bodies_are_read_by_their_type(body: bytes, content_type: str) -> None:
    assert decode_object(body, content_type) == {"a": "b"}


def test_yaml_leaves_times_as_text() -> None:
    assert decode_body(b"at: 2026-01-01T00:00:00Z", "application/yaml") == {
        "at": "2026-01-01T00:00:00Z"
    }


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{", "application/json", 400),
        (b"a: [", "application/yaml", 400),
        (b"[]", "application/json", 400),
        (b"<a/>", "application/xml", 415),
    ],
)
def test_other_bodies_are_refused(body: bytes, content_type: str, code: int) -> None:
    with pytest.raises(StatusError) as caught:
        decode_object(body, content_type)

    assert caught.value.code == code


def test_media_types_lose_their_parameters() -> None:
    assert media_type("Application/JSON; charset=utf-8") == "application/json"
