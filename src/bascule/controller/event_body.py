"""The Kubernetes Event for a problem, named so that the same problem is the same Event."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from bascule.kube import resources
from bascule.kube.resources import Resource
from bascule.routing.model import Problem

COMPONENT = "bascule"
MESSAGE_MAX = 1024
NAME_MAX = 200
"""Leaves room for the digest within the 253 characters of a name."""

RESOURCE_BY_KIND: Mapping[str, Resource] = {
    resource.kind: resource
    for resource in (
        resources.INGRESSES,
        resources.INGRESS_CLASSES,
        resources.SERVICES,
        resources.ENDPOINT_SLICES,
        resources.SECRETS,
    )
}


def build_event(problem: Problem, *, uid: str, now: datetime) -> dict[str, object]:
    """Return the Event (v1) of `problem`; `uid` is that of its object, empty if not known.

    An object without a namespace has its Events in `default`, as kubectl expects them.
    """
    resource = RESOURCE_BY_KIND[problem.kind]
    namespace = problem.namespace or "default"
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    involved = {
        "apiVersion": resource.api_version,
        "kind": problem.kind,
        "name": problem.name,
        "namespace": problem.namespace,
        "uid": uid,
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": event_name(problem), "namespace": namespace},
        "involvedObject": {key: value for key, value in involved.items() if value},
        "reason": problem.code,
        "message": problem.message[:MESSAGE_MAX],
        "type": "Warning",
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": COMPONENT,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


def build_repeat(count: int, now: datetime) -> dict[str, object]:
    """Return the merge patch for an Event that happens again."""
    return {"count": count, "lastTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ")}


def event_name(problem: Problem) -> str:
    """Return the name of the Event: that of the object, and a digest of the problem."""
    parts = (problem.kind, problem.namespace, problem.name, problem.code, problem.message)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return f"{problem.name[:NAME_MAX].rstrip('.-')}.{digest}"
