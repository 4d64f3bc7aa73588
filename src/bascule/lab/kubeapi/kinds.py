"""The kinds that an API server serves out of the box, version by version from 1.25 to 1.37.

Facts are those of the OpenAPI documents of each release; only what a release serves by default is
listed. A kind is named by its group resource as kubectl writes it, such as `deployments.apps`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

OLDEST_MINOR: Final = 25
NEWEST_MINOR: Final = 37

CRUD: Final = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)
WITHOUT_COLLECTION_DELETE: Final = tuple(verb for verb in CRUD if verb != "deletecollection")
CREATE_ONLY: Final = ("create",)
READ_ONLY: Final = ("get", "list")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedVersion:
    """One API version of a kind; `removed_in` and `deprecated_in` are minor releases of 1.x."""

    name: str
    introduced_in: int = OLDEST_MINOR
    deprecated_in: int | None = None
    removed_in: int | None = None
    replacement: str = ""
    is_served: bool = True
    """False for a stored version of a custom kind that is no longer served."""

    def is_served_by(self, minor: int) -> bool:
        """Say whether release 1.`minor` serves this version."""
        return self.introduced_in <= minor and (self.removed_in is None or minor < self.removed_in)

    def is_deprecated_in(self, minor: int) -> bool:
        """Say whether release 1.`minor` warns those who use this version."""
        return self.deprecated_in is not None and minor >= self.deprecated_in


V1: Final = (ServedVersion(name="v1"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object; `versions` stand in the order of preference, the first is stored."""

    group: str
    plural: str
    kind: str
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = CRUD
    versions: tuple[ServedVersion, ...] = V1
    has_generation: bool = False
    stored_as: str = ""
    is_custom: bool = False

    @property
    def resource(self) -> str:
        """Return the group resource: `deployments.apps`, or `pods` for the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def storage_resource(self) -> str:
        """Return the group resource under which objects are stored (two names of one thing)."""
        return self.stored_as or self.resource

    @property
    def storage_version(self) -> str:
        """Return the version in which objects lie in the store."""
        return self.versions[0].name

    def api_version(self, version: str = "") -> str:
        """Return `group/version`, or the version alone for the core group."""
        name = version or self.storage_version
        return f"{self.group}/{name}" if self.group else name

    @property
    def has_status(self) -> bool:
        """Say whether status is written through its own subresource only."""
        return "status" in self.subresources

    def served_version(self, name: str) -> ServedVersion | None:
        """Return the version of that name if it is served, or None."""
        found = (version for version in self.versions if version.name == name)
        return next((version for version in found if version.is_served), None)


def _versions(*versions: ServedVersion) -> tuple[ServedVersion, ...]:
    return (*V1, *versions)


def _flowcontrol() -> tuple[ServedVersion, ...]:
    group = "flowcontrol.apiserver.k8s.io"
    return (
        ServedVersion(name="v1", introduced_in=29),
        ServedVersion(
            name="v1beta3",
            introduced_in=26,
            deprecated_in=29,
            removed_in=32,
            replacement=f"{group}/v1",
        ),
        ServedVersion(
            name="v1beta2", deprecated_in=26, removed_in=29, replacement=f"{group}/v1beta3"
        ),
        ServedVersion(
            name="v1beta1", deprecated_in=26, removed_in=26, replacement=f"{group}/v1beta3"
        ),
    )


ALL: Final = ("all",)
STATUS: Final = ("status",)
SCALE: Final = ("status", "scale")

_CORE: Final = (
    Kind(group="", plural="bindings", kind="Binding", verbs=CREATE_ONLY),
    Kind(
        group="",
        plural="componentstatuses",
        kind="ComponentStatus",
        namespaced=False,
        short_names=("cs",),
        verbs=READ_ONLY,
        versions=(ServedVersion(name="v1", deprecated_in=19),),
    ),
    Kind(group="", plural="configmaps", kind="ConfigMap", short_names=("cm",)),
    Kind(
        group="",
        plural="endpoints",
        kind="Endpoints",
        singular="endpoints",
        short_names=("ep",),
        versions=(
            ServedVersion(
                name="v1", deprecated_in=33, replacement="discovery.k8s.io/v1 EndpointSlice"
            ),
        ),
    ),
    Kind(group="", plural="events", kind="Event", short_names=("ev",)),
    Kind(group="", plural="limitranges", kind="LimitRange", short_names=("limits",)),
    Kind(
        group="",
        plural="namespaces",
        kind="Namespace",
        namespaced=False,
        short_names=("ns",),
        subresources=("finalize", "status"),
        verbs=WITHOUT_COLLECTION_DELETE,
    ),
    Kind(
        group="",
        plural="nodes",
        kind="Node",
        namespaced=False,
        short_names=("no",),
        subresources=STATUS,
    ),
    Kind(
        group="",
        plural="persistentvolumeclaims",
        kind="PersistentVolumeClaim",
        short_names=("pvc",),
        subresources=STATUS,
    ),
    Kind(
        group="",
        plural="persistentvolumes",
        kind="PersistentVolume",
        namespaced=False,
        short_names=("pv",),
        subresources=STATUS,
    ),
    Kind(
        group="",
        plural="pods",
        kind="Pod",
        short_names=("po",),
        categories=ALL,
        subresources=("binding", "ephemeralcontainers", "eviction", "log", "status"),
    ),
    Kind(group="", plural="podtemplates", kind="PodTemplate", has_generation=True),
    Kind(
        group="",
        plural="replicationcontrollers",
        kind="ReplicationController",
        short_names=("rc",),
        categories=ALL,
        subresources=SCALE,
        has_generation=True,
    ),
    Kind(
        group="",
        plural="resourcequotas",
        kind="ResourceQuota",
        short_names=("quota",),
        subresources=STATUS,
    ),
    Kind(group="", plural="secrets", kind="Secret"),
    Kind(
        group="",
        plural="serviceaccounts",
        kind="ServiceAccount",
        short_names=("sa",),
        subresources=("token",),
    ),
    Kind(
        group="",
        plural="services",
        kind="Service",
        short_names=("svc",),
        categories=ALL,
        subresources=STATUS,
    ),
)

_APPS: Final = (
    Kind(group="apps", plural="controllerrevisions", kind="ControllerRevision"),
    Kind(
        group="apps",
        plural="daemonsets",
        kind="DaemonSet",
        short_names=("ds",),
        categories=ALL,
        subresources=STATUS,
        has_generation=True,
    ),
    Kind(
        group="apps",
        plural="deployments",
        kind="Deployment",
        short_names=("deploy",),
        categories=ALL,
        subresources=SCALE,
        has_generation=True,
    ),
    Kind(
        group="apps",
        plural="replicasets",
        kind="ReplicaSet",
        short_names=("rs",),
        categories=ALL,
        subresources=SCALE,
        has_generation=True,
    ),
    Kind(
        group="apps",
        plural="statefulsets",
        kind="StatefulSet",
        short_names=("sts",),
        categories=ALL,
        subresources=SCALE,
        has_generation=True,
    ),
)

_WORKLOAD_NEIGHBOURS: Final = (
    Kind(
        group="autoscaling",
        plural="horizontalpodautoscalers",
        kind="HorizontalPodAutoscaler",
        short_names=("hpa",),
        categories=ALL,
        subresources=STATUS,
        versions=(
            ServedVersion(name="v2"),
            ServedVersion(name="v1"),
            ServedVersion(
                name="v2beta2", deprecated_in=23, removed_in=26, replacement="autoscaling/v2"
            ),
        ),
    ),
    Kind(
        group="batch",
        plural="cronjobs",
        kind="CronJob",
        short_names=("cj",),
        categories=ALL,
        subresources=STATUS,
        has_generation=True,
    ),
    Kind(
        group="batch",
        plural="jobs",
        kind="Job",
        categories=ALL,
        subresources=STATUS,
        has_generation=True,
    ),
    Kind(
        group="policy",
        plural="poddisruptionbudgets",
        kind="PodDisruptionBudget",
        short_names=("pdb",),
        subresources=STATUS,
        has_generation=True,
    ),
    Kind(
        group="scheduling.k8s.io",
        plural="priorityclasses",
        kind="PriorityClass",
        namespaced=False,
        short_names=("pc",),
    ),
    Kind(group="node.k8s.io", plural="runtimeclasses", kind="RuntimeClass", namespaced=False),
    Kind(group="coordination.k8s.io", plural="leases", kind="Lease"),
    Kind(
        group="events.k8s.io",
        plural="events",
        kind="Event",
        short_names=("ev",),
        stored_as="events",
    ),
)

_NETWORK: Final = (
    Kind(
        group="discovery.k8s.io", plural="endpointslices", kind="EndpointSlice", has_generation=True
    ),
    Kind(
        group="networking.k8s.io",
        plural="ingressclasses",
        kind="IngressClass",
        namespaced=False,
        has_generation=True,
    ),
    Kind(
        group="networking.k8s.io",
        plural="ingresses",
        kind="Ingress",
        short_names=("ing",),
        subresources=STATUS,
        has_generation=True,
    ),
    Kind(
        group="networking.k8s.io",
        plural="ipaddresses",
        kind="IPAddress",
        namespaced=False,
        short_names=("ip",),
        versions=(ServedVersion(name="v1", introduced_in=33),),
    ),
    Kind(
        group="networking.k8s.io",
        plural="networkpolicies",
        kind="NetworkPolicy",
        short_names=("netpol",),
        has_generation=True,
    ),
    Kind(
        group="networking.k8s.io",
        plural="servicecidrs",
        kind="ServiceCIDR",
        namespaced=False,
        subresources=STATUS,
        versions=(ServedVersion(name="v1", introduced_in=33),),
    ),
)


def _policies() -> Iterable[Kind]:
    group = "admissionregistration.k8s.io"
    for name, introduced_in in (("Validating", 30), ("Mutating", 36)):
        versions = (ServedVersion(name="v1", introduced_in=introduced_in),)
        yield Kind(
            group=group,
            plural=f"{name.lower()}admissionpolicies",
            kind=f"{name}AdmissionPolicy",
            singular=f"{name.lower()}admissionpolicy",
            namespaced=False,
            categories=("api-extensions",),
            subresources=STATUS if name == "Validating" else (),
            versions=versions,
            has_generation=True,
        )
        yield Kind(
            group=group,
            plural=f"{name.lower()}admissionpolicybindings",
            kind=f"{name}AdmissionPolicyBinding",
            namespaced=False,
            categories=("api-extensions",),
            versions=versions,
            has_generation=True,
        )
        yield Kind(
            group=group,
            plural=f"{name.lower()}webhookconfigurations",
            kind=f"{name}WebhookConfiguration",
            namespaced=False,
            categories=("api-extensions",),
            has_generation=True,
        )


_EXTENSION: Final = (
    *_policies(),
    Kind(
        group="apiextensions.k8s.io",
        plural="customresourcedefinitions",
        kind="CustomResourceDefinition",
        namespaced=False,
        short_names=("crd", "crds"),
        categories=("api-extensions",),
        subresources=STATUS,
        has_generation=True,
    ),
    Kind(
        group="apiregistration.k8s.io",
        plural="apiservices",
        kind="APIService",
        namespaced=False,
        categories=("api-extensions",),
        subresources=STATUS,
    ),
)

_ACCESS: Final = (
    Kind(
        group="authentication.k8s.io",
        plural="selfsubjectreviews",
        kind="SelfSubjectReview",
        namespaced=False,
        verbs=CREATE_ONLY,
        versions=(ServedVersion(name="v1", introduced_in=28),),
    ),
    Kind(
        group="authentication.k8s.io",
        plural="tokenreviews",
        kind="TokenReview",
        namespaced=False,
        verbs=CREATE_ONLY,
    ),
    Kind(
        group="authorization.k8s.io",
        plural="localsubjectaccessreviews",
        kind="LocalSubjectAccessReview",
        verbs=CREATE_ONLY,
    ),
    *(
        Kind(
            group="authorization.k8s.io",
            plural=f"{kind.lower()}s",
            kind=kind,
            namespaced=False,
            verbs=CREATE_ONLY,
        )
        for kind in ("SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview")
    ),
    Kind(
        group="certificates.k8s.io",
        plural="certificatesigningrequests",
        kind="CertificateSigningRequest",
        namespaced=False,
        short_names=("csr",),
        subresources=("approval", "status"),
    ),
    *(
        Kind(
            group="rbac.authorization.k8s.io",
            plural=f"{kind.lower()}s",
            kind=kind,
            namespaced=not kind.startswith("Cluster"),
        )
        for kind in ("ClusterRoleBinding", "ClusterRole", "RoleBinding", "Role")
    ),
)

_STORAGE: Final = (
    Kind(group="storage.k8s.io", plural="csidrivers", kind="CSIDriver", namespaced=False),
    Kind(group="storage.k8s.io", plural="csinodes", kind="CSINode", namespaced=False),
    Kind(
        group="storage.k8s.io",
        plural="csistoragecapacities",
        kind="CSIStorageCapacity",
        singular="csistoragecapacity",
        versions=_versions(
            ServedVersion(
                name="v1beta1", deprecated_in=24, removed_in=27, replacement="storage.k8s.io/v1"
            )
        ),
    ),
    Kind(
        group="storage.k8s.io",
        plural="storageclasses",
        kind="StorageClass",
        namespaced=False,
        short_names=("sc",),
    ),
    Kind(
        group="storage.k8s.io",
        plural="volumeattachments",
        kind="VolumeAttachment",
        namespaced=False,
        subresources=STATUS,
    ),
    Kind(
        group="storage.k8s.io",
        plural="volumeattributesclasses",
        kind="VolumeAttributesClass",
        namespaced=False,
        short_names=("vac",),
        versions=(ServedVersion(name="v1", introduced_in=34),),
    ),
    *(
        Kind(
            group="flowcontrol.apiserver.k8s.io",
            plural=f"{kind.lower()}s",
            kind=kind,
            namespaced=False,
            subresources=STATUS,
            versions=_flowcontrol(),
            has_generation=True,
        )
        for kind in ("FlowSchema", "PriorityLevelConfiguration")
    ),
)

BUILT_IN: Final = (
    *_CORE,
    *_APPS,
    *_WORKLOAD_NEIGHBOURS,
    *_NETWORK,
    *_EXTENSION,
    *_ACCESS,
    *_STORAGE,
)


def kinds_of_release(minor: int) -> tuple[Kind, ...]:
    """Return the kinds that release 1.`minor` serves, each with the versions it serves."""
    return tuple(
        _with_versions(kind, served)
        for kind in BUILT_IN
        if (served := tuple(v for v in kind.versions if v.is_served_by(minor)))
    )


def parse_minor(version: str) -> int:
    """Return the minor release of `1.33`, `v1.33` or `1.33.4`.

    Raises ValueError for anything else and for releases outside 1.25 to 1.37.
    """
    major, _, rest = version.removeprefix("v").partition(".")
    minor = int(rest.partition(".")[0]) if major == "1" else -1
    if not OLDEST_MINOR <= minor <= NEWEST_MINOR:
        raise ValueError(
            f"Kubernetes {version} is not known; 1.{OLDEST_MINOR} to 1.{NEWEST_MINOR} are"
        )
    return minor


def release_of(version: str) -> str:
    """Return `1.33` of `1.33`, `v1.33` or `1.33.4`. Raises ValueError as `parse_minor` does."""
    return f"1.{parse_minor(version)}"


def _with_versions(kind: Kind, versions: tuple[ServedVersion, ...]) -> Kind:
    return kind if versions == kind.versions else replace(kind, versions=versions)
