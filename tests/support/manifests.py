"""Clusters written as YAML, as a user writes them."""

from typing import TypeVar

from bascule.manifest.objects import ManifestObject
from bascule.manifest.parse import parse_object
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.spec.document import parse_documents
from tests.support.raw_objects import Raw

Found = TypeVar("Found", bound=ManifestObject)


def raws(text: str) -> list[Raw]:
    """Return the raw objects of a YAML text."""
    values = [document.value for document in parse_documents(text, "test.yaml")]
    return [value for value in values if isinstance(value, dict)]


def views(text: str) -> list[ManifestObject]:
    """Return what routing reads of a YAML text."""
    found = [parse_object(raw) for raw in raws(text)]
    return [view for view in found if view is not None]


def view(text: str, kind: type[Found]) -> Found:
    """Return the only object of a YAML text."""
    (found,) = views(text)
    assert isinstance(found, kind)
    return found


def snapshot(*texts: str | ManifestObject) -> ClusterSnapshot:
    """Return a complete snapshot of YAML texts and of objects."""
    objects: list[ManifestObject] = []
    for text in texts:
        objects += views(text) if isinstance(text, str) else [text]
    return ClusterSnapshot.of(objects)


def ingress(
    name: str = "web",
    *,
    host: str = "shop.example.com",
    path: str = "/",
    path_type: str = "Prefix",
    service: str = "web",
    more: str = "",
    created: str = "2026-01-01T00:00:00Z",
    annotations: str = "{}",
    namespace: str = "shop",
) -> str:
    """Return an Ingress of one path; `more` are further lines of its spec."""
    return f"""
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: {namespace}
  creationTimestamp: {created}
  annotations: {annotations}
spec:
  ingressClassName: bascule
  rules:
  - host: "{host}"
    http:
      paths:
      - path: {path}
        pathType: {path_type}
        backend: {{service: {{name: {service}, port: {{number: 80}}}}}}
  {more}
"""


def service(name: str = "web", *, spec: str = "ports: [{name: http, port: 80}]") -> str:
    """Return a Service in the namespace shop."""
    return f"""
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{{spec}}}
"""


def endpoints(
    *addresses: str,
    service: str = "web",
    name: str = "",
    conditions: str = "ready: true",
    pods: tuple[str, ...] = (),
) -> str:
    """Return an EndpointSlice in the namespace shop, all its endpoints in one condition.

    `pods` are the names of the Pods behind the first of them.
    """
    targets = [f", targetRef: {{kind: Pod, name: {pod}}}" for pod in pods]
    targets += [""] * (len(addresses) - len(pods))
    items = ", ".join(
        f"{{addresses: [{a}], conditions: {{{conditions}}}{target}}}"
        for a, target in zip(addresses, targets, strict=True)
    )
    return f"""
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name or service}
  namespace: shop
  labels: {{kubernetes.io/service-name: {service}}}
addressType: IPv4
ports: [{{name: http, port: 8080}}]
endpoints: [{items}]
"""


def pod(name: str, *, probe: str = "", port: str = "containerPort: 8080", more: str = "") -> str:
    """Return a Pod in the namespace shop; `probe` is its readiness probe's `httpGet`."""
    readiness = f"readinessProbe: {{httpGet: {{{probe}}}}}" if probe else ""
    return f"""
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop}}
spec:
  containers:
  - name: main
    ports: [{{{port}}}]
    {readiness}
  {more}
"""


def rewrite(name: str = "headers", *, spec: str = "rewriteRules: [{name: one}]") -> str:
    """Return a resource with rewrite rules in the namespace shop."""
    return f"""
---
apiVersion: appgw.ingress.azure.io/v1beta1
kind: AzureApplicationGatewayRewrite
metadata: {{name: {name}, namespace: shop}}
spec: {{{spec}}}
"""
