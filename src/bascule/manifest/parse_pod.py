"""Parses Pods: ports and HTTP probes of their containers, and how they end; it never changes."""

import re
from collections.abc import Iterator, Mapping

from bascule.manifest.fields import (
    MalformedFieldError,
    read_map,
    read_maps,
    read_number,
    read_text,
    read_texts,
)
from bascule.manifest.objects import Container, HttpProbe, Metadata, Pod

_DEFAULTS = HttpProbe(port=0)
_GRACE_S = 30
_SLEEP = re.compile(r"(?:^|[\s/])sleep\s+(\d+)(?:\.\d+)?(s|m)?(?=$|[\s;&])")
"""A command that sleeps, however the rest of it is written; it takes so long at least."""


def parse_pod(raw: Mapping[str, object], meta: Metadata) -> Pod:
    """Return the view of a Pod; two versions that differ in status or annotations are equal.

    One that cannot be understood has no containers: it costs a health check and no request.
    """
    bare = Metadata(namespace=meta.namespace, name=meta.name)
    try:
        spec = read_map(raw, "spec")
        grace_s = read_number(spec, "terminationGracePeriodSeconds")
        return Pod(
            meta=bare,
            containers=tuple(_parse_containers(spec)),
            grace_s=_GRACE_S if grace_s is None else grace_s,
        )
    except MalformedFieldError:
        return Pod(meta=bare)


def _parse_containers(spec: Mapping[str, object]) -> Iterator[Container]:
    """Yield the containers, then the sidecars: init containers that go on running."""
    for item in read_maps(spec, "containers"):
        yield _parse_container(item)
    for item in read_maps(spec, "initContainers"):
        if read_text(item, "restartPolicy") == "Always":
            yield _parse_container(item)


def _parse_container(raw: Mapping[str, object]) -> Container:
    ports = []
    for port in read_maps(raw, "ports"):
        number = read_number(port, "containerPort")
        if number is not None and (read_text(port, "protocol") or "TCP") == "TCP":
            ports.append((read_text(port, "name"), number))
    return Container(
        ports=tuple(ports),
        readiness=_parse_probe(read_map(raw, "readinessProbe")),
        liveness=_parse_probe(read_map(raw, "livenessProbe")),
        pre_stop_s=_parse_pre_stop(read_map(read_map(raw, "lifecycle"), "preStop")),
    )


def _parse_pre_stop(raw: Mapping[str, object]) -> int | None:
    """Return how long a preStop takes at least; None where only running it would tell."""
    if not raw:
        return 0
    asleep_s = read_number(read_map(raw, "sleep"), "seconds")
    if asleep_s is not None:
        return asleep_s
    found = _SLEEP.search(" ".join(read_texts(read_map(raw, "exec"), "command")))
    if found is None:
        return None
    return int(found[1]) * (60 if found[2] == "m" else 1)


def _parse_probe(raw: Mapping[str, object]) -> HttpProbe | None:
    asked = read_map(raw, "httpGet")
    port = asked.get("port")
    if isinstance(port, bool) or not isinstance(port, str | int):
        return None
    return HttpProbe(
        port=int(port) if isinstance(port, str) and port.isdecimal() else port,
        path=read_text(asked, "path") or _DEFAULTS.path,
        host=_read_host(asked),
        is_https=read_text(asked, "scheme").upper() == "HTTPS",
        period_s=read_number(raw, "periodSeconds") or _DEFAULTS.period_s,
        timeout_s=read_number(raw, "timeoutSeconds") or _DEFAULTS.timeout_s,
        failures=read_number(raw, "failureThreshold") or _DEFAULTS.failures,
    )


def _read_host(asked: Mapping[str, object]) -> str:
    """Return the Host header, which the kubelet prefers to `host`."""
    for header in read_maps(asked, "httpHeaders"):
        if read_text(header, "name").lower() == "host":
            return read_text(header, "value")
    return read_text(asked, "host")
