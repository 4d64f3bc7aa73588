"""Parses an Ingress of networking.k8s.io/v1, so that a broken path costs only itself."""

import re
from collections.abc import Mapping

from bascule.manifest.fields import MalformedFieldError, read_map, read_maps, read_text, read_texts
from bascule.manifest.objects import (
    Fault,
    Ingress,
    IngressBackend,
    IngressPath,
    IngressRule,
    IngressTls,
    Metadata,
    PathType,
    ServiceBackend,
    UnusableBackend,
)

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_HOST_MAX = 253
_FORBIDDEN_IN_PATH = ("//", "/./", "/../", "%2f", "%2F")
_FORBIDDEN_AT_END = ("/..", "/.")


def parse_ingress(raw: Mapping[str, object], meta: Metadata) -> Ingress:
    """Return the view of an Ingress; rules, paths and TLS entries that are broken are faults."""
    faults: list[Fault] = []
    try:
        spec = read_map(raw, "spec")
        return Ingress(
            meta=meta,
            class_name=read_text(spec, "ingressClassName"),
            class_annotation=meta.annotations.get(_CLASS_ANNOTATION, ""),
            default_backend=_parse_default(spec),
            rules=_parse_rules(spec, faults),
            tls=_parse_tls(spec, faults),
            faults=tuple(faults),
        )
    except MalformedFieldError as error:
        return Ingress(
            meta=meta,
            class_annotation=meta.annotations.get(_CLASS_ANNOTATION, ""),
            faults=(*faults, Fault("IngressInvalid", f"spec: {error}")),
        )


def _parse_default(spec: Mapping[str, object]) -> IngressBackend | None:
    backend = read_map(spec, "defaultBackend")
    return _parse_backend(backend) if backend else None


def _parse_rules(spec: Mapping[str, object], faults: list[Fault]) -> tuple[IngressRule, ...]:
    rules = []
    for index, rule in enumerate(read_maps(spec, "rules")):
        try:
            host = parse_host(read_text(rule, "host"))
            paths = _parse_paths(rule, faults, f"spec.rules[{index}]")
        except MalformedFieldError as error:
            faults.append(Fault("RuleInvalid", f"spec.rules[{index}]: {error}"))
            continue
        except ValueError as error:
            faults.append(Fault("HostInvalid", f"spec.rules[{index}].host: {error}"))
            continue
        rules.append(IngressRule(host=host, paths=paths))
    return tuple(rules)


def parse_host(text: str) -> str:
    """Return a host name in lower case, `*` for none. Raises ValueError when it cannot be one."""
    host = text.lower()
    if not host:
        return "*"
    if len(host) > _HOST_MAX or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is not a DNS name, nor one with '*.' in front")
    return host


def _parse_paths(
    rule: Mapping[str, object], faults: list[Fault], where: str
) -> tuple[IngressPath, ...]:
    paths = []
    for index, raw in enumerate(read_maps(read_map(rule, "http"), "paths")):
        try:
            paths.append(_parse_path(raw))
        except ValueError as error:
            faults.append(Fault("PathInvalid", f"{where}.http.paths[{index}]: {error}"))
    return tuple(paths)


def _parse_path(raw: Mapping[str, object]) -> IngressPath:
    kind = read_text(raw, "pathType") or PathType.IMPLEMENTATION_SPECIFIC
    if kind not in tuple(PathType):
        raise ValueError(f"pathType {kind!r} is none of {', '.join(PathType)}")
    path = read_text(raw, "path") or "/"
    if not path.startswith("/"):
        raise ValueError(f"path {path!r} does not start with a slash")
    if kind != PathType.IMPLEMENTATION_SPECIFIC:
        _refuse_ambiguous(path)
    backend = _parse_backend(read_map(raw, "backend"))
    return IngressPath(path=path, path_type=PathType(kind), backend=backend)


def _refuse_ambiguous(path: str) -> None:
    """Refuse what the API server refuses for Exact and Prefix, for clusters that did not."""
    for part in _FORBIDDEN_IN_PATH:
        if part in path:
            raise ValueError(f"path {path!r} contains {part!r}")
    for end in _FORBIDDEN_AT_END:
        if path.endswith(end):
            raise ValueError(f"path {path!r} ends with {end!r}")


def _parse_backend(raw: Mapping[str, object]) -> IngressBackend:
    resource = read_map(raw, "resource")
    if resource:
        return UnusableBackend(
            f"resource {read_text(resource, 'kind')}/{read_text(resource, 'name')}"
        )
    service = read_map(raw, "service")
    name = read_text(service, "name")
    port = read_map(service, "port")
    port_name, number = read_text(port, "name"), port.get("number")
    if not name or "/" in name:
        return UnusableBackend(f"service {name!r}")
    if port_name.isdecimal():
        return ServiceBackend(name, int(port_name))
    if port_name:
        return ServiceBackend(name, port_name)
    if isinstance(number, int) and not isinstance(number, bool):
        return ServiceBackend(name, number)
    return UnusableBackend(f"service {name} without a port")


def _parse_tls(spec: Mapping[str, object], faults: list[Fault]) -> tuple[IngressTls, ...]:
    entries = []
    for index, raw in enumerate(read_maps(spec, "tls")):
        try:
            hosts = tuple(parse_host(host) for host in read_texts(raw, "hosts"))
            entries.append(IngressTls(hosts=hosts, secret=read_text(raw, "secretName")))
        except ValueError as error:
            faults.append(Fault("TlsInvalid", f"spec.tls[{index}]: {error}"))
    return tuple(entries)
