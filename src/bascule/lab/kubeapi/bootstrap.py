"""What a new cluster holds from the start: namespaces, basic roles, priority classes."""

from typing import Any, Final

from bascule.lab.kubeapi.access.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, GROUP
from bascule.lab.kubeapi.access.users import AUTHENTICATED, MASTERS
from bascule.lab.kubeapi.store import Object, Store

NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "deletecollection", "patch", "update")
_NAMESPACED_GROUPS: Final = (
    "",
    "apps",
    "autoscaling",
    "batch",
    "discovery.k8s.io",
    "networking.k8s.io",
    "policy",
)
_PUBLIC_PATHS: Final = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY_PATHS: Final = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
)
_VIEWED: Final = (
    "configmaps",
    "controllerrevisions",
    "cronjobs",
    "daemonsets",
    "deployments",
    "deployments/scale",
    "deployments/status",
    "endpoints",
    "endpointslices",
    "events",
    "horizontalpodautoscalers",
    "ingresses",
    "jobs",
    "limitranges",
    "namespaces",
    "networkpolicies",
    "persistentvolumeclaims",
    "poddisruptionbudgets",
    "pods",
    "pods/log",
    "pods/status",
    "replicasets",
    "replicasets/scale",
    "resourcequotas",
    "serviceaccounts",
    "services",
    "statefulsets",
    "statefulsets/scale",
)
_NOT_EDITED: Final = frozenset(("limitranges", "namespaces", "pods/log", "resourcequotas"))
_EDITED: Final = (
    *(name for name in _VIEWED if name not in _NOT_EDITED and not name.endswith("/status")),
    "pods/eviction",
    "secrets",
    "serviceaccounts/token",
)


def fill(store: Store) -> None:
    """Create what is missing; what users changed stays."""
    for name in NAMESPACES:
        _ensure(store, "namespaces", {"metadata": {"name": name}})
    for name, value in (
        ("system-cluster-critical", 2_000_000_000),
        ("system-node-critical", 2_000_001_000),
    ):
        _ensure(
            store,
            "priorityclasses.scheduling.k8s.io",
            {
                "metadata": {"name": name},
                "value": value,
                "preemptionPolicy": "PreemptLowerPriority",
            },
        )
    for role in _roles():
        _ensure(store, CLUSTER_ROLES, role)
    for name, group in (
        ("cluster-admin", MASTERS),
        ("system:basic-user", AUTHENTICATED),
        ("system:discovery", AUTHENTICATED),
        ("system:public-info-viewer", AUTHENTICATED),
        ("system:public-info-viewer", "system:unauthenticated"),
    ):
        _bind(store, name, group)


def _roles() -> list[Object]:
    view = _rule(_NAMESPACED_GROUPS, _VIEWED, _READ)
    edit = _rule(_NAMESPACED_GROUPS, _EDITED, (*_READ, *_WRITE))
    access = _rule((GROUP,), ("rolebindings", "roles"), (*_READ, *_WRITE))
    reviews = (
        _rule(
            ("authorization.k8s.io",),
            ("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
            ("create",),
        ),
        _rule(("authentication.k8s.io",), ("selfsubjectreviews",), ("create",)),
    )
    everything = _rule(("*",), ("*",), ("*",))
    return [
        _role("cluster-admin", everything, {"nonResourceURLs": ["*"], "verbs": ["*"]}),
        _role("admin", view, edit, access),
        _role("edit", view, edit),
        _role("view", view),
        _role("system:basic-user", *reviews),
        _role("system:discovery", {"nonResourceURLs": list(_DISCOVERY_PATHS), "verbs": ["get"]}),
        _role(
            "system:public-info-viewer", {"nonResourceURLs": list(_PUBLIC_PATHS), "verbs": ["get"]}
        ),
    ]


def _rule(
    groups: tuple[str, ...], resources: tuple[str, ...], verbs: tuple[str, ...]
) -> dict[str, Any]:
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


def _role(name: str, *rules: dict[str, Any]) -> Object:
    return {"metadata": _metadata(name), "rules": list(rules)}


def _bind(store: Store, role: str, group: str) -> None:
    obj = store.find(CLUSTER_ROLE_BINDINGS, role)
    subject = {"apiGroup": GROUP, "kind": "Group", "name": group}
    if obj is None:
        store.create(
            CLUSTER_ROLE_BINDINGS,
            {
                "metadata": _metadata(role),
                "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
                "subjects": [subject],
            },
        )
    elif subject not in obj["subjects"]:
        store.patch(CLUSTER_ROLE_BINDINGS, role, "", {"subjects": [*obj["subjects"], subject]})


def _metadata(name: str) -> Object:
    return {
        "name": name,
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
    }


def _ensure(store: Store, resource: str, obj: Object) -> None:
    if store.find(resource, obj["metadata"]["name"]) is None:
        store.create(resource, obj)
