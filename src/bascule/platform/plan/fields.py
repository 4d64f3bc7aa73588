"""What Azure says in another way than a spec: fields it fills in, and those it never changes."""

from collections.abc import Mapping

from bascule.azure.document import Document, text_at, texts_at, value_at, with_value
from bascule.platform.desired.model import Kind

Path = tuple[str, ...]

IN_USE = "Azure does not change it once it is made"
_VERSION = (
    "a cluster is not upgraded where it stands: write the version that it has, and make green with "
    "the new one"
)
FIXED: Mapping[Kind, Mapping[Path, str]] = {
    Kind.GROUP: {("location",): IN_USE},
    Kind.NETWORK: {("location",): IN_USE},
    Kind.SUBNET: {("properties", "addressPrefix"): "addresses of it are in use"},
    Kind.PUBLIC_IP: {
        ("location",): IN_USE,
        ("zones",): IN_USE,
        ("sku", "name"): IN_USE,
        ("properties", "publicIPAllocationMethod"): IN_USE,
    },
    Kind.IDENTITY: {("location",): IN_USE},
    Kind.GATEWAY: {("location",): IN_USE, ("zones",): IN_USE},
    Kind.CLUSTER: {
        ("location",): IN_USE,
        ("identity", "type"): IN_USE,
        ("properties", "kubernetesVersion"): _VERSION,
        ("properties", "nodeResourceGroup"): IN_USE,
        ("properties", "networkProfile"): IN_USE,
        ("properties", "apiServerAccessProfile", "enablePrivateCluster"): IN_USE,
        ("properties", "apiServerAccessProfile", "privateDNSZone"): IN_USE,
        ("properties", "identityProfile"): IN_USE,
    },
    Kind.POOL: {
        ("properties", name): IN_USE
        for name in (
            "vmSize",
            "maxPods",
            "osType",
            "osDiskSizeGB",
            "availabilityZones",
            "vnetSubnetID",
            "podSubnetID",
            "type",
        )
    },
}
"""Which fields stay as they were made, and all below them, and why a change of them is refused."""
_DEFAULTS: Mapping[Kind, Mapping[Path, object]] = {
    Kind.CLUSTER: {
        ("sku", "tier"): "Free",
        ("sku", "name"): "Base",
        ("properties", "networkProfile", "networkDataplane"): "azure",
        ("properties", "networkProfile", "outboundType"): "loadBalancer",
    },
    Kind.POOL: {
        ("properties", "osType"): "Linux",
        ("properties", "type"): "VirtualMachineScaleSets",
    },
}
"""What a field means that Azure left out."""


def find_fixed(kind: Kind, path: Path) -> str:
    """Return why a field of an existing resource stays as it is; empty if it may change."""
    fixed = FIXED.get(kind, {})
    return next((fixed[path[:n]] for n in range(len(path), 0, -1) if path[:n] in fixed), "")


def normalise(kind: Kind, found: Document) -> Document:
    """Return what Azure says in the words of our documents."""
    for path, value in _DEFAULTS.get(kind, {}).items():
        if value_at(found, *path) is None:
            found = with_value(found, path, value)
    prefixes = texts_at(found, "properties", "addressPrefixes")
    if kind is Kind.SUBNET and len(prefixes) == 1:
        found = with_value(found, ("properties", "addressPrefix"), prefixes[0])
    version = text_at(found, "properties", "currentKubernetesVersion")
    if kind is Kind.CLUSTER and version:
        found = with_value(found, ("properties", "kubernetesVersion"), version)
    return found
