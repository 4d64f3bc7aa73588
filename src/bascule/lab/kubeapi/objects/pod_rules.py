"""What a pod's spec must fulfil: containers, ports, volumes, probes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bascule.lab.kubeapi.objects import names
from bascule.lab.kubeapi.objects.faults import (
    duplicate,
    invalid,
    not_found,
    required,
    unsupported,
)
from bascule.lab.kubeapi.objects.pod_defaults import object_in, objects_in
from bascule.lab.kubeapi.objects.quantities import parse_quantity
from bascule.lab.kubeapi.objects.statuses import Cause

PORT_RANGE: Final = "must be between 1 and 65535, inclusive"
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_PORT_MAX: Final = 65_535
_POLICIES: Final = ("Always", "OnFailure", "Never")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_HANDLERS: Final = ("exec", "grpc", "httpGet", "tcpSocket")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def check_template(
    template: Any, field: str, restart_policies: Sequence[str] = ("Always",)
) -> Iterator[Cause]:
    """Yield what is wrong with a pod template whose pods may restart in these ways only."""
    if not isinstance(template, dict):
        return
    metadata = object_in(template, "metadata") or {}
    yield from names.check_labels(metadata.get("labels"), f"{field}.metadata.labels")
    spec = object_in(template, "spec") or {}
    yield from check_pod_spec(spec, f"{field}.spec")
    policy = spec.get("restartPolicy")
    if policy in _POLICIES and policy not in restart_policies:
        yield unsupported(f"{field}.spec.restartPolicy", policy, restart_policies)


def check_pod_spec(spec: Mapping[str, Any], field: str) -> Iterator[Cause]:
    """Yield what is wrong with a PodSpec."""
    volumes = [str(volume.get("name", "")) for volume in objects_in(spec, "volumes")]
    yield from _check_names(volumes, f"{field}.volumes")
    if not objects_in(spec, "containers"):
        yield required(f"{field}.containers")
    seen: list[str] = []
    for key in ("containers", "initContainers"):
        for index, container in enumerate(objects_in(spec, key)):
            place = f"{field}.{key}[{index}]"
            yield from _check_container(container, place, volumes)
            name = str(container.get("name", ""))
            if name and name in seen:
                yield duplicate(f"{place}.name", name)
            seen.append(name)
    yield from _check_choice(spec, "restartPolicy", field, _POLICIES)
    yield from _check_choice(spec, "dnsPolicy", field, _DNS_POLICIES)
    grace = spec.get("terminationGracePeriodSeconds")
    if isinstance(grace, int) and grace < 0:
        yield invalid(f"{field}.terminationGracePeriodSeconds", grace, NOT_NEGATIVE)
    account = spec.get("serviceAccountName")
    for message in names.subdomain_faults(str(account)) if account else ():
        yield invalid(f"{field}.serviceAccountName", account, message)


def check_port(value: Any, field: str) -> Iterator[Cause]:
    """Yield what is wrong with a port number."""
    if isinstance(value, int) and not 1 <= value <= _PORT_MAX:
        yield invalid(field, value, PORT_RANGE)


def _check_choice(
    parent: Mapping[str, Any], key: str, field: str, allowed: Sequence[str]
) -> Iterator[Cause]:
    value = parent.get(key)
    if value is not None and value not in allowed:
        yield unsupported(f"{field}.{key}", value, sorted(allowed))


def _check_names(found: Sequence[str], field: str) -> Iterator[Cause]:
    for index, name in enumerate(found):
        place = f"{field}[{index}].name"
        if not name:
            yield required(place)
            continue
        for message in names.label_faults(name):
            yield invalid(place, name, message)
        if name in found[:index]:
            yield duplicate(place, name)


def _check_container(
    container: Mapping[str, Any], field: str, volumes: Sequence[str]
) -> Iterator[Cause]:
    name = str(container.get("name") or "")
    if not name:
        yield required(f"{field}.name")
    for message in names.label_faults(name) if name else ():
        yield invalid(f"{field}.name", name, message)
    image = container.get("image")
    if not image:
        yield required(f"{field}.image")
    elif str(image) != str(image).strip():
        yield invalid(f"{field}.image", image, "must not have leading or trailing whitespace")
    yield from _check_choice(container, "imagePullPolicy", field, _PULL_POLICIES)
    yield from _check_ports(container, field)
    for index, variable in enumerate(objects_in(container, "env")):
        if not variable.get("name"):
            yield required(f"{field}.env[{index}].name")
        if variable.get("value") and variable.get("valueFrom"):
            detail = "may not be specified when `value` is not empty"
            yield invalid(f"{field}.env[{index}].valueFrom", "", detail)
    yield from _check_mounts(container, field, volumes)
    yield from _check_resources(object_in(container, "resources") or {}, f"{field}.resources")
    for key in _PROBES:
        yield from _check_probe(object_in(container, key), f"{field}.{key}")


def _check_ports(container: Mapping[str, Any], field: str) -> Iterator[Cause]:
    seen: list[str] = []
    for index, port in enumerate(objects_in(container, "ports")):
        place = f"{field}.ports[{index}]"
        if not port.get("containerPort"):
            yield required(f"{place}.containerPort")
        yield from check_port(port.get("containerPort") or None, f"{place}.containerPort")
        yield from check_port(port.get("hostPort") or None, f"{place}.hostPort")
        yield from _check_choice(port, "protocol", place, PROTOCOLS)
        name = str(port.get("name") or "")
        if name and name in seen:
            yield duplicate(f"{place}.name", name)
        for message in names.port_name_faults(name) if name else ():
            yield invalid(f"{place}.name", name, message)
        seen.append(name)


def _check_mounts(
    container: Mapping[str, Any], field: str, volumes: Sequence[str]
) -> Iterator[Cause]:
    paths: list[str] = []
    for index, mount in enumerate(objects_in(container, "volumeMounts")):
        place = f"{field}.volumeMounts[{index}]"
        name, path = str(mount.get("name") or ""), str(mount.get("mountPath") or "")
        if not name:
            yield required(f"{place}.name")
        elif name not in volumes:
            yield not_found(f"{place}.name", name)
        if not path:
            yield required(f"{place}.mountPath")
        elif path in paths:
            yield invalid(f"{place}.mountPath", path, "must be unique")
        paths.append(path)


def _check_resources(resources: Mapping[str, Any], field: str) -> Iterator[Cause]:
    limits = object_in(resources, "limits") or {}
    requests = object_in(resources, "requests") or {}
    for key in ("limits", "requests"):
        for name, written in (object_in(resources, key) or {}).items():
            amount = parse_quantity(written)
            if amount is not None and amount < 0:
                yield invalid(f"{field}.{key}[{name}]", written, NOT_NEGATIVE)
    for name, written in requests.items():
        amount, limit = parse_quantity(written), parse_quantity(limits.get(name))
        if amount is not None and limit is not None and amount > limit:
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid(f"{field}.requests", written, detail)


def _check_probe(probe: Mapping[str, Any] | None, field: str) -> Iterator[Cause]:
    if probe is None:
        return
    handlers = [key for key in _HANDLERS if probe.get(key) is not None]
    if not handlers:
        yield required(field, "must specify a handler type")
    for extra in handlers[1:]:
        yield Cause(
            reason="FieldValueForbidden",
            message="Forbidden: may not specify more than 1 handler type",
            field=f"{field}.{extra}",
        )
    for key in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold"):
        value = probe.get(key)
        if isinstance(value, int) and value < 0:
            yield invalid(f"{field}.{key}", value, NOT_NEGATIVE)
    successes = probe.get("successThreshold")
    if not field.endswith("readinessProbe") and isinstance(successes, int) and successes != 1:
        yield invalid(f"{field}.successThreshold", successes, "must be 1")
    port = (object_in(probe, "httpGet") or object_in(probe, "tcpSocket") or {}).get("port")
    yield from check_port(port, f"{field}.{handlers[0]}.port" if handlers else field)
