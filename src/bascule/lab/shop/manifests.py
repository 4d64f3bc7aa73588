"""The shop's Kubernetes objects, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = "shop"
INGRESS_CLASS = "bascule"
CONTROLLER = "bascule.dev/ingress"
SHOP_HOST = "shop.example.test"
API_HOST = "api.example.test"
TLS_SECRET = "shop-tls"  # noqa: S105 - the name of an object, not a secret
CONTAINER_PORT = 8080
FILLER_RULES_PER_INGRESS = 10
ROUTES_MAX = 20_000

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOptions:
    """What may differ between two shops."""

    routes: int = 0
    """Filler routes beside the shop's own, one host each, sharing the three services."""
    replicas: Mapping[str, int] | None = None
    """Replicas by service; default web 3, cart 2, api 2."""
    pre_stop_s: int = 2
    grace_s: int = 15
    annotations: Mapping[str, str] | None = None
    """Put on every pod template, such as `lab.bascule.dev/latency-ms`."""

    def __post_init__(self) -> None:
        """Refuse more routes than the lab is made for."""
        if not 0 <= self.routes <= ROUTES_MAX:
            raise ValueError(f"routes: {self.routes} is not between 0 and {ROUTES_MAX}")


REPLICAS = {"web": 3, "cart": 2, "api": 2}


def build_shop(
    version: str, certificate: bytes, key: bytes, *, options: ShopOptions | None = None
) -> tuple[Object, ...]:
    """Return the objects in the order in which they can be applied.

    `version` is the cluster's Kubernetes version, which the pods carry as a label; `certificate`
    and `key` are PEM, for the host that has TLS.
    """
    options = options or ShopOptions()
    replicas = {**REPLICAS, **(options.replicas or {})}
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": INGRESS_CLASS},
            "spec": {"controller": CONTROLLER},
        },
        _secret(certificate, key),
        *(_deployment(name, replicas[name], version, options) for name in sorted(replicas)),
        *(_service(name) for name in sorted(replicas)),
        *(_budget(name) for name in sorted(replicas)),
        _ingress("shop", SHOP_HOST, {"/": "web", "/cart": "cart", "/api": "api"}, tls=True),
        _api_ingress(),
        *build_filler(options.routes),
    )


def build_filler(routes: int) -> tuple[Object, ...]:
    """Return Ingresses that hold this many routes, each with a host of its own."""
    services = sorted(REPLICAS)
    rules = [
        _rule(filler_host(number), {"/": services[number % len(services)]})
        for number in range(routes)
    ]
    parts = range(0, routes, FILLER_RULES_PER_INGRESS)
    return tuple(
        _ingress_of_rules(
            f"filler-{start // FILLER_RULES_PER_INGRESS:05}",
            rules[start : start + FILLER_RULES_PER_INGRESS],
        )
        for start in parts
    )


def filler_host(number: int) -> str:
    """Return the host of one filler route."""
    return f"r{number:05}.example.test"


def _secret(certificate: bytes, key: bytes) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": TLS_SECRET, "namespace": NAMESPACE},
        "stringData": {"tls.crt": certificate.decode(), "tls.key": key.decode()},
    }


def _deployment(name: str, replicas: int, version: str, options: ShopOptions) -> Object:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {
                "metadata": {
                    "labels": {**labels, "app.kubernetes.io/version": version},
                    "annotations": dict(options.annotations or {}),
                },
                "spec": {
                    "terminationGracePeriodSeconds": options.grace_s,
                    "containers": [_container(name, options)],
                },
            },
        },
    }


def _container(name: str, options: ShopOptions) -> Object:
    return {
        "name": name,
        "image": f"example.test/shop/{name}:1",
        "ports": [{"name": "http", "containerPort": CONTAINER_PORT}],
        "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": "http"},
            "periodSeconds": 1,
            "failureThreshold": 2,
        },
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(options.pre_stop_s)]}}},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    }


def _service(name: str) -> Object:
    ports: list[Object] = [{"name": "http", "port": 80, "targetPort": "http"}]
    if name == "api":
        ports.append(
            {
                "name": "grpc",
                "port": 9090,
                "targetPort": "http",
                "appProtocol": "kubernetes.io/h2c",
            }
        )
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": name}},
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def _budget(name: str) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
    }


def _api_ingress() -> Object:
    rule = _rule(API_HOST, {"/": "api"})
    rule["http"]["paths"].append(
        {
            "path": "/lab.Echo",
            "pathType": "Prefix",
            "backend": {"service": {"name": "api", "port": {"name": "grpc"}}},
        }
    )
    return _ingress_of_rules("api", [rule])


def _ingress(name: str, host: str, services: Mapping[str, str], *, tls: bool) -> Object:
    ingress = _ingress_of_rules(name, [_rule(host, services)])
    if tls:
        ingress["spec"]["tls"] = [{"hosts": [host], "secretName": TLS_SECRET}]
    return ingress


def _ingress_of_rules(name: str, rules: list[Object]) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"ingressClassName": INGRESS_CLASS, "rules": rules},
    }


def _rule(host: str, services: Mapping[str, str]) -> Object:
    paths: list[Object] = [
        {
            "path": path,
            "pathType": "Prefix",
            "backend": {"service": {"name": service, "port": {"number": 80}}},
        }
        for path, service in services.items()
    ]
    return {"host": host, "http": {"paths": paths}}
