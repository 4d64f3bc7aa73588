import pytest

from bascule.manifest.objects import (
    Ingress,
    IngressPath,
    IngressTls,
    PathType,
    ServiceBackend,
    UnusableBackend,
)
from bascule.manifest.parse import parse_object
from tests.support.manifests import ingress, view
from tests.support.raw_objects import Raw, raw_ingress

BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def _parse(spec: object) -> Ingress:
    raw = raw_ingress()
    raw["spec"] = spec
    found = parse_object(raw)
    assert isinstance(found, Ingress)
    return found


def _with_path(path: Raw) -> Ingress:
    good = {"path": "/good", "pathType": "Exact", "backend": BACKEND}
    return _parse({"rules": [{"host": "a.test", "http": {"paths": [path, good]}}]})


def test_an_ingress_is_read_whole() -> None:
    found = view(
        ingress(
            annotations="{kubernetes.io/ingress.class: old}",
            more="tls: [{hosts: [Shop.Example.com, '*.b.test'], secretName: cert}]",
        ),
        Ingress,
    )

    assert (found.class_name, found.class_annotation) == ("bascule", "old")
    assert found.tls == (IngressTls(hosts=("shop.example.com", "*.b.test"), secret="cert"),)
    assert found.rules[0].host == "shop.example.com"
    assert found.rules[0].paths == (
        IngressPath(path="/", path_type=PathType.PREFIX, backend=ServiceBackend("web", 80)),
    )
    assert found.faults == ()


def test_absent_parts_have_the_meaning_of_the_api() -> None:
    found = _parse({"rules": [{"http": {"paths": [{"backend": BACKEND}]}}, {"host": "a.test"}]})

    assert found.rules[0].host == "*"
    assert found.rules[0].paths[0].path == "/"
    assert found.rules[0].paths[0].path_type is PathType.IMPLEMENTATION_SPECIFIC
    assert found.rules[1].paths == ()


def test_a_default_backend_may_name_its_port() -> None:
    backend = {"service": {"name": "web", "port": {"name": "http"}}}

    found = _parse({"defaultBackend": backend})

    assert found.default_backend == ServiceBackend("web", "http")


@pytest.mark.parametrize(
    ("backend", "what"),
    [
        ({"resource": {"kind": "Bucket", "name": "b"}}, "resource Bucket/b"),
        ({}, "service ''"),
        ({"service": {"name": "a/b", "port": {"number": 80}}}, "service 'a/b'"),
        ({"service": {"name": "web"}}, "service web without a port"),
        ({"service": {"name": "web", "port": {"number": True}}}, "service web without a port"),
    ],
    ids=["resource", "nothing", "slash", "portless", "boolean"],
)
def test_a_backend_that_is_no_service_port_keeps_its_path(backend: Raw, what: str) -> None:
    found = _with_path({"path": "/x", "pathType": "Prefix", "backend": backend})

    assert found.rules[0].paths[0].backend == UnusableBackend(what)
    assert len(found.rules[0].paths) == 2


def test_a_port_name_of_digits_is_a_number() -> None:
    found = _parse({"defaultBackend": {"service": {"name": "web", "port": {"name": "80"}}}})

    assert found.default_backend == ServiceBackend("web", 80)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ({"path": "/x", "pathType": "Regex"}, "pathType 'Regex' is none of Exact"),
        ({"path": "x", "pathType": "Prefix"}, "path 'x' does not start with a slash"),
        ({"path": "/a//b", "pathType": "Prefix"}, "path '/a//b' contains '//'"),
        ({"path": "/a/..", "pathType": "Exact"}, "path '/a/..' ends with '/..'"),
        ({"path": 5}, "path should be text and is a number"),
    ],
    ids=["type", "relative", "double", "dots", "number"],
)
def test_a_broken_path_costs_only_itself(path: Raw, message: str) -> None:
    found = _with_path({**path, "backend": BACKEND})

    assert [p.path for p in found.rules[0].paths] == ["/good"]
    assert [fault.code for fault in found.faults] == ["PathInvalid"]
    assert found.faults[0].message.startswith(f"spec.rules[0].http.paths[0]: {message}")


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"host": "under_score.test"}, "HostInvalid"),
        ({"host": "a.*.test"}, "HostInvalid"),
        ({"host": "x." * 127 + "toolong"}, "HostInvalid"),
        ({"host": 5}, "RuleInvalid"),
        ({"host": "a.test", "http": {"paths": [7]}}, "RuleInvalid"),
    ],
    ids=["underscore", "star", "long", "number", "paths"],
)
def test_a_broken_rule_costs_only_itself(rule: Raw, code: str) -> None:
    found = _parse({"rules": [rule, {"host": "good.test"}]})

    assert [r.host for r in found.rules] == ["good.test"]
    assert [fault.code for fault in found.faults] == [code]


def test_a_broken_tls_entry_costs_only_itself() -> None:
    found = _parse({"tls": [{"hosts": ["bad_host"]}, {"hosts": ["a.test"], "secretName": "s"}]})

    assert [entry.secret for entry in found.tls] == ["s"]
    assert [fault.code for fault in found.faults] == ["TlsInvalid"]


def test_an_ingress_that_makes_no_sense_is_one_fault() -> None:
    found = _parse({"rules": "all of them"})

    assert found.rules == ()
    assert [fault.message for fault in found.faults] == ["spec: rules should be a list and is text"]
