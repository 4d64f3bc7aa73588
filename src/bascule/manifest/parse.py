"""Raw objects of the Kubernetes API to typed views: the one place where they are not trusted.

A broken object never raises: it becomes a view that carries its faults and as much of the rest as
can be understood, so that it costs only its own routes.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from bascule.manifest.fields import MalformedFieldError, read_map, read_text
from bascule.manifest.objects import (
    Fault,
    IngressClass,
    Kind,
    ManifestObject,
    Metadata,
    ObjectRef,
)
from bascule.manifest.parse_ingress import parse_ingress
from bascule.manifest.parse_pod import parse_pod
from bascule.manifest.parse_rewrite import parse_rewrite
from bascule.manifest.parse_secret import parse_secret
from bascule.manifest.parse_service import parse_endpoint_slice, parse_service

Raw = Mapping[str, object]

_NAME = re.compile(r"[^/]+")
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_IGNORED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def parse_object(raw: Raw) -> ManifestObject | None:
    """Return the view of `raw`, or None when routing does not read its kind or it has no name.

    Never raises: what is wrong in the object is in the view's `faults`.
    """
    ref = parse_ref(raw)
    if ref is None:
        return None
    meta = _parse_metadata(raw, ref)
    return _PARSERS[ref.kind](raw, meta)


def parse_ref(raw: Raw) -> ObjectRef | None:
    """Return the name of `raw`, or None when routing does not read its kind or it has no name."""
    meta = raw.get("metadata")
    kind = raw.get("kind")
    if not isinstance(meta, dict) or not isinstance(kind, str) or kind not in _API_GROUPS:
        return None
    group, _, _ = str(raw.get("apiVersion") or "").rpartition("/")
    name, namespace = meta.get("name"), meta.get("namespace")
    if group != _API_GROUPS[Kind(kind)] or not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    if kind == Kind.INGRESS_CLASS:
        return ObjectRef(Kind.INGRESS_CLASS, "", name)
    is_named = isinstance(namespace, str) and _NAME.fullmatch(namespace)
    return ObjectRef(Kind(kind), str(namespace) if is_named else "default", name)


def _parse_metadata(raw: Raw, ref: ObjectRef) -> Metadata:
    meta = read_map(raw, "metadata")
    annotations = meta.get("annotations")
    texts = annotations if isinstance(annotations, dict) else {}
    created = meta.get("creationTimestamp")
    return Metadata(
        namespace=ref.namespace,
        name=ref.name,
        created=created if isinstance(created, str) else "",
        annotations=MappingProxyType(
            {
                key: value
                for key, value in sorted(texts.items())
                if isinstance(value, str) and key != _IGNORED_ANNOTATION
            }
        ),
    )


def _parse_ingress_class(raw: Raw, meta: Metadata) -> IngressClass:
    is_default = meta.annotations.get(_DEFAULT_CLASS) == "true"
    try:
        controller = read_text(read_map(raw, "spec"), "controller")
    except MalformedFieldError as error:
        faults = (Fault("IngressClassInvalid", str(error)),)
        return IngressClass(meta=meta, is_default=is_default, faults=faults)
    return IngressClass(meta=meta, controller=controller, is_default=is_default)


_API_GROUPS: Mapping[str, str] = {
    Kind.INGRESS: "networking.k8s.io",
    Kind.INGRESS_CLASS: "networking.k8s.io",
    Kind.SERVICE: "",
    Kind.ENDPOINT_SLICE: "discovery.k8s.io",
    Kind.SECRET: "",
    Kind.POD: "",
    Kind.REWRITE: "appgw.ingress.azure.io",
}

_PARSERS: Mapping[Kind, Callable[[Raw, Metadata], ManifestObject | None]] = {
    Kind.INGRESS: parse_ingress,
    Kind.INGRESS_CLASS: _parse_ingress_class,
    Kind.SERVICE: parse_service,
    Kind.ENDPOINT_SLICE: parse_endpoint_slice,
    Kind.SECRET: parse_secret,
    Kind.POD: parse_pod,
    Kind.REWRITE: parse_rewrite,
}
