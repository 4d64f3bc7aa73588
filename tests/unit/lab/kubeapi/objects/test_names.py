from typing import Any

import pytest

from bascule.lab.kubeapi.objects.names import (
    check_labels,
    check_metadata,
    config_key_faults,
    host_faults,
    name_faults,
    port_name_faults,
    qualified_faults,
)


def faults(kind: str = "Pod", **metadata: Any) -> list[str]:
    obj = {"kind": kind, "metadata": metadata}
    return [f"{cause.field}: {cause.message}" for cause in check_metadata(obj)]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Pod", "a.b-c"),
        ("Pod", "1"),
        ("Namespace", "a-1"),
        ("Service", "web-1"),
        ("ClusterRole", "system:node"),
    ],
)
def test_good_names_pass(kind: str, name: str) -> None:
    assert name_faults(name, kind) == ()


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("Pod", "A_b", "a lowercase RFC 1123 subdomain must consist of"),
        ("Pod", "a" * 254, "must be no more than 253 bytes"),
        ("Namespace", "a.b", "a lowercase RFC 1123 label must consist of"),
        ("Service", "1a", "a DNS-1035 label must consist of"),
        ("Role", "a/b", "may not contain '/'"),
        ("Role", "..", "may not be '..'"),
    ],
)
def test_bad_names_are_refused_by_kind(kind: str, name: str, words: str) -> None:
    assert words in name_faults(name, kind)[0]


def test_an_object_needs_a_name_or_the_start_of_one() -> None:
    assert faults() == ["metadata.name: Required value: name or generateName is required"]
    assert faults(generateName="web-") == []
    assert "metadata.generateName" in faults(generateName="Web-")[0]


def test_namespaces_labels_and_annotations_are_judged() -> None:
    assert "metadata.namespace" in faults(name="a", namespace="A")[0]
    assert "metadata.labels" in faults(name="a", labels={"a b": "c"})[0]
    assert "metadata.annotations" in faults(name="a", annotations={"a b": "c"})[0]
    assert faults(name="a", annotations={"example.com/A": "any text"}) == []
    too_much = faults(name="a", annotations={"a": "x" * (256 * 1024)})
    assert too_much == ["metadata.annotations: Too long: may not be more than 262144 bytes"]


def test_values_of_labels_are_short_words() -> None:
    causes = list(check_labels({"a": "x y", "b": "x" * 64, "c": ""}, "spec.selector"))

    assert [cause.field for cause in causes] == ["spec.selector", "spec.selector"]
    assert "a valid label must be an empty string" in causes[0].message
    assert "no more than 63 bytes" in causes[1].message


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("/a", "prefix part must be non-empty"),
        ("A/b", "prefix part a lowercase RFC 1123 subdomain"),
        ("a/", "name part must be non-empty"),
        ("x" * 64, "name part must be no more than 63 bytes"),
    ],
)
def test_keys_of_labels_have_a_prefix_and_a_name(key: str, words: str) -> None:
    assert words in qualified_faults(key)[0]


def test_hosts_may_start_with_a_wildcard() -> None:
    assert host_faults("*.shop.example") == ()
    assert "a wildcard DNS-1123 subdomain" in host_faults("shop.*.example")[0]
    assert host_faults("shop.example") == ()


def test_keys_of_data_are_file_names() -> None:
    assert config_key_faults("tls.crt") == ()
    assert config_key_faults(".") == ("must not be '.'",)
    assert config_key_faults("..x") == ("must not start with '..'",)
    assert "a valid config key" in config_key_faults("a b")[0]


def test_names_of_ports_are_those_of_rfc_6335() -> None:
    assert port_name_faults("http-1") == ()
    assert len(port_name_faults("A" * 16)) == 3
    assert port_name_faults("a--b") == ("must not contain consecutive hyphens",)
    assert port_name_faults("a-") == ("must not begin or end with a hyphen",)
    assert port_name_faults("80") == ("must contain at least one letter (a-z)",)
