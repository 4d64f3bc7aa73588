"""Protobuf bodies: what is encoded is decoded, and noise is refused in one way only."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.lab.kubeapi.objects.protobuf import MAGIC, decode_object
from bascule.lab.kubeapi.objects.statuses import StatusError
from tests.support.protobuf_encoder import delimited, encode_object

CALM = settings(max_examples=60, deadline=None)

# A small alphabet: building the table of all characters costs seconds.
LETTERS = "ab/.-é€😀"
TEXT = st.text(LETTERS, min_size=1, max_size=8)
PORTS = st.integers(1, 65_535)
KINDS = ["Pod", "Service", "ConfigMap", "Secret", "Namespace", "Event", "PersistentVolume"]


CONTAINERS = st.fixed_dictionaries(
    {"name": TEXT},
    optional={
        "image": TEXT,
        "args": st.lists(st.text(LETTERS, max_size=4), min_size=1, max_size=3),
        "ports": st.lists(
            st.fixed_dictionaries({"containerPort": PORTS}, optional={"protocol": TEXT}),
            min_size=1,
            max_size=2,
        ),
        "readinessProbe": st.fixed_dictionaries(
            {"tcpSocket": st.fixed_dictionaries({"port": PORTS | TEXT})},
            optional={"periodSeconds": st.integers(1, 100)},
        ),
    },
)
PODS = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("Pod"),
        "metadata": st.fixed_dictionaries(
            {"name": TEXT},
            optional={
                "labels": st.dictionaries(
                    TEXT, st.text(LETTERS, max_size=4), min_size=1, max_size=3
                )
            },
        ),
        "spec": st.fixed_dictionaries(
            {"containers": st.lists(CONTAINERS, min_size=1, max_size=3)},
            optional={
                "terminationGracePeriodSeconds": st.integers(-5, 2**40),
                "hostNetwork": st.just(value=True),
                "automountServiceAccountToken": st.booleans(),
            },
        ),
    }
)


@CALM
@given(PODS)
def test_what_is_encoded_is_decoded(pod: dict[str, Any]) -> None:
    assert decode_object(encode_object(pod, "k8s.io.api.core.v1.Pod")) == pod


def read(body: bytes) -> dict[str, Any] | int:
    """Return the object, or the code of the refusal; any other error fails the test."""
    try:
        return decode_object(body)
    except StatusError as error:
        return error.code


@CALM
@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_noise_in_an_object_is_read_or_refused(kind: str, noise: bytes) -> None:
    type_meta = delimited(1, b"v1") + delimited(2, kind.encode())

    found = read(MAGIC + delimited(1, type_meta) + delimited(2, noise))

    assert found == 400 or (isinstance(found, dict) and found["kind"] == kind)


@CALM
@given(st.binary(max_size=100))
def test_noise_in_place_of_an_object_is_refused(noise: bytes) -> None:
    assert read(noise) == 400
    assert read(MAGIC + noise) == 400


@CALM
@given(PODS, st.data())
def test_a_body_that_was_cut_or_changed_is_read_or_refused(
    pod: dict[str, Any], data: st.DataObject
) -> None:
    body = bytearray(encode_object(pod, "k8s.io.api.core.v1.Pod"))
    place = data.draw(st.integers(len(MAGIC), len(body) - 1))
    if data.draw(st.booleans()):
        body[place] = data.draw(st.integers(0, 255))
    else:
        del body[place:]

    found = read(bytes(body))

    assert found == 400 or isinstance(found, dict)
