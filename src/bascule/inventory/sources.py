"""Which resource of the Kubernetes API holds each kind of object that routing reads."""

from collections.abc import Mapping
from dataclasses import dataclass

from bascule.kube import resources
from bascule.kube.client import ALL, Selection
from bascule.kube.resources import Resource
from bascule.manifest.objects import Kind


@dataclass(frozen=True, slots=True)
class Source:
    """A resource, and which of its objects are read.

    `is_optional`: a cluster that does not know the resource has none of its objects.
    """

    resource: Resource
    selection: Selection = ALL
    is_optional: bool = False


SOURCES: Mapping[Kind, Source] = {
    Kind.INGRESS: Source(resources.INGRESSES),
    Kind.INGRESS_CLASS: Source(resources.INGRESS_CLASSES),
    Kind.SERVICE: Source(resources.SERVICES),
    Kind.ENDPOINT_SLICE: Source(resources.ENDPOINT_SLICES),
    Kind.SECRET: Source(resources.SECRETS, Selection(field_selector="type=kubernetes.io/tls")),
    Kind.POD: Source(resources.PODS),
    Kind.REWRITE: Source(resources.AGIC_REWRITES, is_optional=True),
}
