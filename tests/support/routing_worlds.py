"""Hypothesis strategies for small clusters in which objects collide, dangle and contradict."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from bascule.manifest.objects import (
    CertificatePair,
    Fault,
    ManifestObject,
    Metadata,
    TlsSecret,
)
from bascule.manifest.parse import parse_object

Raw = dict[str, Any]

NAMESPACES = ("east", "west")
HOSTS = ("", "a.test", "b.a.test", "*.a.test", "*.test")
PATHS = ("/", "/foo", "/foo/", "/foo/bar", "/foobar")
SERVICES = ("web", "api")
SECRETS = ("one", "two")
PODS = ("web-1", "web-2")
AGES = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", None)

_ports = st.sampled_from([{"number": 80}, {"number": 81}, {"name": "http"}])
_backends = st.builds(
    lambda name, port: {"service": {"name": name, "port": port}},
    st.sampled_from((*SERVICES, "missing")),
    _ports,
)
_paths = st.fixed_dictionaries(
    {
        "path": st.sampled_from(PATHS),
        "pathType": st.sampled_from(("Exact", "Prefix", "ImplementationSpecific")),
        "backend": _backends,
    }
)
_rules = st.fixed_dictionaries(
    {
        "host": st.sampled_from(HOSTS),
        "http": st.fixed_dictionaries({"paths": st.lists(_paths, max_size=3)}),
    }
)
_tls = st.fixed_dictionaries(
    {
        "hosts": st.lists(st.sampled_from([h for h in HOSTS if h]), max_size=2),
        "secretName": st.sampled_from((*SECRETS, "missing")),
    }
)
_annotations = st.dictionaries(
    st.sampled_from(
        (
            "bascule.dev/ssl-redirect",
            "bascule.dev/retries",
            "appgw.ingress.kubernetes.io/rewrite-rule-set-custom-resource",
        )
    ),
    st.sampled_from(("true", "false", "1", "nonsense")),
    max_size=2,
)


def _meta(name: str, namespace: str, created: str | None) -> Raw:
    return {"name": name, "namespace": namespace, "creationTimestamp": created}


@st.composite
def _ingresses(draw: st.DrawFn) -> Raw:
    spec: Raw = {
        "ingressClassName": draw(st.sampled_from(("bascule", "bascule", "other"))),
        "rules": draw(st.lists(_rules, max_size=3)),
        "tls": draw(st.lists(_tls, max_size=2)),
    }
    if draw(st.booleans()):
        spec["defaultBackend"] = draw(_backends)
    name, namespace = draw(st.sampled_from("xyz")), draw(st.sampled_from(NAMESPACES))
    meta = _meta(name, namespace, draw(st.sampled_from(AGES)))
    meta["annotations"] = draw(_annotations)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": meta,
        "spec": spec,
    }


@st.composite
def _services(draw: st.DrawFn) -> Raw:
    ports = [{"name": draw(st.sampled_from(("http", "main"))), "port": 80}]
    namespace = draw(st.sampled_from(NAMESPACES))
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(draw(st.sampled_from(SERVICES)), namespace, None),
        "spec": {"ports": ports, "type": draw(st.sampled_from(("ClusterIP", "ExternalName")))},
    }


_conditions = st.fixed_dictionaries(
    {},
    optional={
        "ready": st.booleans(),
        "serving": st.booleans(),
        "terminating": st.booleans(),
    },
)
_endpoints = st.fixed_dictionaries(
    {
        "addresses": st.sampled_from((["10.0.0.1"], ["10.0.0.2"], ["10.0.0.10"])),
        "conditions": _conditions,
        "targetRef": st.sampled_from([None, *({"kind": "Pod", "name": name} for name in PODS)]),
    }
)


@st.composite
def _slices(draw: st.DrawFn) -> Raw:
    service = draw(st.sampled_from(SERVICES))
    name = f"{draw(st.sampled_from(SERVICES))}-{draw(st.sampled_from('12'))}"
    meta = _meta(name, draw(st.sampled_from(NAMESPACES)), None)
    meta["labels"] = {"kubernetes.io/service-name": service}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": meta,
        "addressType": "IPv4",
        "ports": [{"name": draw(st.sampled_from(("http", "main"))), "port": 8080}],
        "endpoints": draw(st.lists(_endpoints, max_size=3)),
    }


_probes = st.fixed_dictionaries(
    {
        "httpGet": st.fixed_dictionaries(
            {
                "path": st.sampled_from(("/ready", "/live")),
                "port": st.sampled_from((8080, "http", "missing")),
            }
        )
    }
)


@st.composite
def _pods(draw: st.DrawFn) -> Raw:
    container: Raw = {
        "ports": [{"name": "http", "containerPort": draw(st.sampled_from((8080, 9090)))}]
    }
    if draw(st.booleans()):
        container["readinessProbe"] = draw(_probes)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _meta(draw(st.sampled_from(PODS)), draw(st.sampled_from(NAMESPACES)), None),
        "spec": {"containers": [container]},
    }


@st.composite
def _rewrites(draw: st.DrawFn) -> Raw:
    namespace = draw(st.sampled_from(NAMESPACES))
    return {
        "apiVersion": "appgw.ingress.azure.io/v1beta1",
        "kind": "AzureApplicationGatewayRewrite",
        "metadata": _meta(draw(st.sampled_from(("true", "1"))), namespace, None),
        "spec": {"rewriteRules": draw(st.sampled_from(([], [{"name": "one"}], 7)))},
    }


@st.composite
def _classes(draw: st.DrawFn) -> Raw:
    name = draw(st.sampled_from(("bascule", "other")))
    is_default = draw(st.sampled_from(("true", "false")))
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {
            "name": name,
            "annotations": {"ingressclass.kubernetes.io/is-default-class": is_default},
        },
        "spec": {"controller": draw(st.sampled_from(("bascule.dev/ingress", "else/where")))},
    }


def certificate_pair(seed: str, *, year: int = 2030) -> CertificatePair:
    """Return a pair that nobody parses."""
    return CertificatePair(
        chain_pem=f"chain {seed}".encode(),
        key_pem=f"key {seed}".encode(),
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(year, 1, 1, tzinfo=UTC),
    )


@st.composite
def _secrets(draw: st.DrawFn) -> TlsSecret:
    name, namespace = draw(st.sampled_from(SECRETS)), draw(st.sampled_from(NAMESPACES))
    meta = Metadata(namespace=namespace, name=name)
    if draw(st.booleans()):
        return TlsSecret(meta=meta, faults=(Fault("KeyMismatch", "the key is another's"),))
    year = draw(st.sampled_from((2030, 2031)))
    return TlsSecret(meta=meta, pair=certificate_pair(draw(st.sampled_from("pq")), year=year))


def _parsed(raw: Raw) -> ManifestObject:
    found = parse_object(raw)
    assert found is not None
    return found


def manifest_objects() -> st.SearchStrategy[ManifestObject]:
    """Objects of a cluster whose few names make them meet."""
    raws = st.one_of(
        _ingresses(), _ingresses(), _services(), _slices(), _classes(), _pods(), _rewrites()
    )
    return st.one_of(raws.map(_parsed), _secrets())
