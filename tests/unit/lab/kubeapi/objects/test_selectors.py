from typing import Any

import pytest

from bascule.lab.kubeapi.objects.selectors import (
    match_labels,
    parse_field_selector,
    parse_label_selector,
    parse_requirements,
    read_field,
)
from bascule.lab.kubeapi.objects.statuses import StatusError


@pytest.mark.parametrize(
    ("text", "labels", "is_selected"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a!=b", {}, True),
        ("a!=b", {"a": "b"}, False),
        ("a", {"a": ""}, True),
        ("!a", {"a": ""}, False),
        ("a=", {"a": ""}, True),
        ("a in (b, c)", {"a": "c"}, True),
        ("a in (b,)", {"a": ""}, True),
        ("a notin (b)", {}, True),
        ("a notin (b)", {"a": "b"}, False),
        ("n>5", {"n": "6"}, True),
        ("n<5", {"n": "6"}, False),
        ("n>5", {"n": "x"}, False),
        ("n>5", {}, False),
        ("a=b,!c,app.kubernetes.io/name in (x)", {"a": "b", "app.kubernetes.io/name": "x"}, True),
    ],
)
def test_labels_are_selected(text: str, labels: dict[str, str], *, is_selected: bool) -> None:
    assert parse_label_selector(text)({"metadata": {"labels": labels}}) is is_selected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=a", "found '=', expected: identifier"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a in b", "found 'b', expected: '('"),
        ("a in (b", "found '', expected: ',' or ')'"),
        ("a,", "found '', expected: identifier"),
        ("-a=b", "name part must consist of"),
        ("a=-b", "a valid label must be an empty string"),
        ("a>b", "the value must be an integer"),
    ],
)
def test_a_selector_that_cannot_be_parsed_is_refused(text: str, words: str) -> None:
    with pytest.raises(StatusError) as caught:
        parse_requirements(text)

    assert caught.value.code == 400
    assert words in caught.value.message


POD = {
    "metadata": {"name": "p", "namespace": "n"},
    "spec": {"nodeName": "one", "hostNetwork": True},
    "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "::1"}]},
}


@pytest.mark.parametrize(
    ("text", "is_selected"),
    [
        ("", True),
        ("metadata.name=p", True),
        ("metadata.name==p,metadata.namespace!=x", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=one", True),
        ("spec.hostNetwork=true", True),
        ("status.podIPs=::1", True),
        ("status.nominatedNodeName=", True),
    ],
)
def test_fields_are_selected(text: str, *, is_selected: bool) -> None:
    assert parse_field_selector(text, "pods")(POD) is is_selected


def test_a_field_that_is_not_there_has_its_zero() -> None:
    assert parse_field_selector("spec.unschedulable=false", "nodes")({"spec": {}})
    assert parse_field_selector("status.replicas=0", "replicasets.apps")({})


def test_events_are_selected_under_both_their_names() -> None:
    old = {"involvedObject": {"name": "p"}, "source": {"component": "kubelet"}}
    new = {"regarding": {"name": "p"}, "reportingController": "c"}

    for event in (old, new):
        assert parse_field_selector("involvedObject.name=p", "events")(event)
        assert parse_field_selector("regarding.name=p", "events.events.k8s.io")(event)
    assert parse_field_selector("source=kubelet", "events")(old)
    assert parse_field_selector("reportingComponent=c", "events")(new)


def test_commas_in_values_are_escaped() -> None:
    secret = {"type": "a,b=c"}

    assert parse_field_selector(r"type=a\,b\=c", "secrets")(secret)


def test_a_custom_kind_names_its_own_fields() -> None:
    selector = parse_field_selector("spec.color=red", "things.example.com", (".spec.color",))

    assert selector({"spec": {"color": "red"}})


@pytest.mark.parametrize(
    ("text", "resource", "message"),
    [
        ("spec.foo=x", "pods", "field label not supported: spec.foo"),
        (
            "spec.foo=x",
            "configmaps",
            '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("nonsense", "pods", "invalid selector: 'nonsense'; can't understand 'nonsense'"),
    ],
)
def test_other_fields_are_refused(text: str, resource: str, message: str) -> None:
    with pytest.raises(StatusError) as caught:
        parse_field_selector(text, resource)

    assert (caught.value.code, caught.value.message) == (400, message)


def test_booleans_are_compared_as_texts() -> None:
    assert read_field({"spec": {"unschedulable": False}}, "spec.unschedulable") == ("false",)


@pytest.mark.parametrize(
    ("selector", "is_selected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"a": "b"}}, True),
        ({"matchLabels": {"a": "c"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_a_selector_in_an_object_selects(
    selector: dict[str, Any] | None, *, is_selected: bool
) -> None:
    assert match_labels(selector, {"a": "b"}) is is_selected
