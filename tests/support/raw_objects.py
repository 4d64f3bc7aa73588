"""Kubernetes objects as an API server answers them; tests name only what matters to them."""

from collections.abc import Iterable, Mapping
from typing import Any

from bascule.manifest.objects import ManifestObject
from bascule.manifest.parse import parse_object

Raw = dict[str, Any]


def raw_ingress(
    name: str = "shop",
    *,
    host: str = "shop.example.com",
    service: str = "web",
    namespace: str = "shop",
    tls_secret: str = "",
    paths: Iterable[str] = ("/",),
) -> Raw:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    rule = [{"path": path, "pathType": "Prefix", "backend": backend} for path in paths]
    spec: Raw = {
        "ingressClassName": "bascule",
        "rules": [{"host": host, "http": {"paths": rule}}],
    }
    if tls_secret:
        spec["tls"] = [{"hosts": [host], "secretName": tls_secret}]
    return _object("networking.k8s.io/v1", "Ingress", name, namespace) | {"spec": spec}


def raw_service(name: str = "web", *, namespace: str = "shop") -> Raw:
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    return _object("v1", "Service", name, namespace) | {"spec": {"ports": ports}}


def raw_slice(
    service: str = "web",
    *,
    addresses: Iterable[str] = ("127.64.0.1",),
    namespace: str = "shop",
    suffix: str = "1",
) -> Raw:
    raw = _object("discovery.k8s.io/v1", "EndpointSlice", f"{service}-{suffix}", namespace)
    raw["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    conditions = {"ready": True, "serving": True, "terminating": False}
    return raw | {
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [{"addresses": [a], "conditions": conditions} for a in addresses],
    }


def raw_secret(name: str = "shop-tls", *, data: Mapping[str, str], namespace: str = "shop") -> Raw:
    return _object("v1", "Secret", name, namespace) | {
        "type": "kubernetes.io/tls",
        "data": dict(data),
    }


def parsed(*raws: Raw) -> list[ManifestObject]:
    """Return the views of `raws`, all of which routing reads."""
    views = [parse_object(raw) for raw in raws]
    return [view for view in views if view is not None]


def shop(
    *addresses: str,
    host: str = "shop.example.com",
    annotations: Mapping[str, str] | None = None,
) -> list[ManifestObject]:
    """Return one Ingress, its Service and a slice with `addresses`."""
    ingress = raw_ingress(host=host)
    ingress["metadata"]["annotations"] = dict(annotations or {})
    return parsed(ingress, raw_service(), raw_slice(addresses=addresses or ("127.64.0.1",)))


def _object(api_version: str, kind: str, name: str, namespace: str) -> Raw:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "resourceVersion": "1",
        },
    }
