import base64
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule.lab.kubeapi.objects.protobuf import DEPTH_MAX, MAGIC, decode_object
from bascule.lab.kubeapi.objects.statuses import StatusError
from tests.support.protobuf_encoder import delimited, encode_object, varint

GOLDEN = Path(__file__).resolve().parents[4] / "golden" / "protobuf"
META = "k8s.io.apimachinery.pkg.apis.meta.v1"
EXTENSIONS = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1"


def body_of(api_version: str, kind: str, raw: bytes) -> bytes:
    type_meta = delimited(1, api_version.encode()) + delimited(2, kind.encode())
    return MAGIC + delimited(1, type_meta) + delimited(2, raw)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.in.yaml")), ids=lambda path: path.name)
def test_what_kubectl_sends_is_read_as_it_was_meant(path: Path) -> None:
    body = base64.b64decode(yaml.safe_load(path.read_text())["body"])
    expected = yaml.safe_load((path.parent / path.name.replace(".in.", ".out.")).read_text())

    assert decode_object(body) == expected


def test_inlined_structs_lie_in_the_object_that_holds_them() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [
                {
                    "name": "a",
                    "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
                    "envFrom": [{"secretRef": {"name": "s"}}],
                    "resources": {"limits": {"cpu": "500m"}},
                }
            ],
        },
    }

    assert decode_object(encode_object(pod, "k8s.io.api.core.v1.Pod")) == pod


def test_zeros_behind_pointers_are_kept_and_others_are_not() -> None:
    # replicas is *int32; minReadySeconds is int32 with omitempty.
    spec = varint(1 << 3) + varint(0) + varint(5 << 3) + varint(0)

    decoded = decode_object(body_of("apps/v1", "Deployment", delimited(2, spec)))

    assert decoded["spec"] == {"replicas": 0}


def test_negative_numbers_are_read() -> None:
    raw = varint(2 << 3) + varint((-5) & 0xFFFF_FFFF_FFFF_FFFF)

    decoded = decode_object(body_of("scheduling.k8s.io/v1", "PriorityClass", raw))

    assert decoded["value"] == -5


def test_times_are_written_as_json_has_them() -> None:
    seconds = varint(1 << 3) + varint(1_767_225_600)
    nanos = varint(2 << 3) + varint(5_000_000)
    metadata = delimited(8, seconds)
    spec = delimited(4, seconds + nanos)
    raw = delimited(1, metadata) + delimited(2, spec)

    decoded = decode_object(body_of("coordination.k8s.io/v1", "Lease", raw))

    assert decoded["metadata"] == {"creationTimestamp": "2026-01-01T00:00:00Z"}
    assert decoded["spec"] == {"renewTime": "2026-01-01T00:00:00.005000Z"}


def test_a_time_that_is_zero_is_left_out() -> None:
    raw = delimited(1, delimited(8, b"") + delimited(1, b"n"))

    assert decode_object(body_of("v1", "Pod", raw))["metadata"] == {"name": "n"}


def test_embedded_json_is_read() -> None:
    entry = delimited(1, b"kubectl") + delimited(7, delimited(1, b'{"f:spec":{}}'))
    raw = delimited(1, delimited(17, entry))

    decoded = decode_object(body_of("v1", "Pod", raw))

    assert decoded["metadata"]["managedFields"] == [
        {"manager": "kubectl", "fieldsV1": {"f:spec": {}}}
    ]


def test_an_embedded_protobuf_object_is_read() -> None:
    inner = body_of("v1", "ConfigMap", delimited(1, delimited(1, b"c")))
    raw = delimited(2, delimited(1, inner))

    decoded = decode_object(body_of("apps/v1", "ControllerRevision", raw))

    assert decoded["data"] == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


def test_lists_of_a_named_list_type_are_lists() -> None:
    extra = delimited(5, delimited(1, b"scopes") + delimited(2, delimited(1, b"a")))
    raw = delimited(2, extra)

    decoded = decode_object(body_of("authorization.k8s.io/v1", "SubjectAccessReview", raw))

    assert decoded["spec"]["extra"] == {"scopes": ["a"]}


def test_a_map_entry_without_a_value_has_the_zero_of_its_type() -> None:
    raw = delimited(1, delimited(11, delimited(1, b"key")))

    assert decode_object(body_of("v1", "Pod", raw))["metadata"]["labels"] == {"key": ""}


def test_fields_that_are_not_known_are_skipped() -> None:
    raw = (
        varint(900 << 3 | 5)
        + b"\x01\x02\x03\x04"
        + varint(901 << 3 | 1)
        + struct.pack("<d", 1.5)
        + delimited(1, delimited(1, b"n"))
    )

    assert decode_object(body_of("v1", "Pod", raw))["metadata"] == {"name": "n"}


def test_options_are_known_in_every_group() -> None:
    raw = varint(1 << 3) + varint(0)

    decoded = decode_object(body_of("apps/v1", "DeleteOptions", raw))

    assert decoded == {"apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}


def custom_definition(schema: bytes) -> dict[str, Any]:
    version = delimited(1, b"v1") + delimited(4, delimited(1, schema))
    raw = delimited(2, delimited(7, version))
    decoded = decode_object(body_of("apiextensions.k8s.io/v1", "CustomResourceDefinition", raw))
    read: dict[str, Any] = decoded["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return read


def test_the_unions_of_custom_schemas_are_read() -> None:
    string = delimited(5, b"string")

    assert custom_definition(delimited(24, delimited(1, string))) == {"items": {"type": "string"}}
    assert custom_definition(delimited(24, delimited(2, string) + delimited(2, string))) == {
        "items": [{"type": "string"}, {"type": "string"}]
    }
    no_others = varint(1 << 3) + varint(0)
    assert custom_definition(delimited(30, no_others)) == {"additionalProperties": False}
    assert custom_definition(delimited(30, no_others + delimited(2, string))) == {
        "additionalProperties": {"type": "string"}
    }
    assert custom_definition(delimited(8, delimited(1, b'"x"'))) == {"default": "x"}
    names = delimited(32, delimited(1, b"a") + delimited(2, delimited(2, b"b")))
    assert custom_definition(names) == {"dependencies": {"a": ["b"]}}
    other = delimited(32, delimited(1, b"a") + delimited(2, delimited(1, string)))
    assert custom_definition(other) == {"dependencies": {"a": {"type": "string"}}}
    assert custom_definition(varint(9 << 3 | 1) + struct.pack("<d", 2.5)) == {"maximum": 2.5}


def test_packed_numbers_are_read() -> None:
    security = delimited(4, varint(5) + varint(300))
    raw = delimited(2, delimited(14, security))

    decoded = decode_object(body_of("v1", "Pod", raw))

    assert decoded["spec"]["securityContext"]["supplementalGroups"] == [5, 300]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x0a\xff",
        b"\x0a",
        b"\xff" * 11,
        b"\x0b\x00",
        b"\x02\x00",
        delimited(1, delimited(1, b"\xff")),
        varint(1 << 3) + varint(1),
        delimited(1, delimited(8, varint(1 << 3) + varint(1 << 62))),
        delimited(1, delimited(17, delimited(7, delimited(1, b"{")))),
        delimited(1, delimited(7, b"x")),
    ],
    ids=[
        "cut length",
        "cut tag",
        "long varint",
        "unknown wire type",
        "field zero",
        "not UTF-8",
        "number for message",
        "time out of range",
        "broken JSON",
        "bytes for number",
    ],
)
def test_what_is_broken_is_refused(raw: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        decode_object(body_of("v1", "Pod", raw))

    assert caught.value.code == 400


def test_a_double_of_another_wire_type_is_refused() -> None:
    with pytest.raises(StatusError):
        custom_definition(varint(9 << 3) + varint(1))


def test_nesting_has_a_limit() -> None:
    schema = b""
    for _ in range(DEPTH_MAX):
        schema = delimited(29, delimited(1, b"p") + delimited(2, schema))

    with pytest.raises(StatusError, match="nested deeper"):
        custom_definition(schema)


def test_objects_nested_in_objects_have_the_same_limit() -> None:
    body = body_of("v1", "ConfigMap", b"")
    for _ in range(DEPTH_MAX):
        body = body_of("apps/v1", "ControllerRevision", delimited(2, delimited(1, body)))

    with pytest.raises(StatusError, match="nested deeper"):
        decode_object(body)


def test_other_bodies_and_kinds_are_refused() -> None:
    with pytest.raises(StatusError, match="does not appear to be"):
        decode_object(b"{}")
    with pytest.raises(StatusError, match='no kind "Nope"'):
        decode_object(body_of("v1", "Nope", b""))
