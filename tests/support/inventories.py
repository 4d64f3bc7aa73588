"""Builders of what checks look at: two clusters as they were at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bascule.checks.inventory import ClusterFacts, HostScope, Inventory
from bascule.ids import Cluster
from bascule.manifest.objects import CertificatePair, ManifestObject, Metadata, TlsSecret
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot
from bascule.routing.build import build_routes
from bascule.routing.options import BuildOptions
from tests.support.raw_objects import shop

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def facts(
    *objects: ManifestObject, version: str = "v1.33.2", name: str = "old", reason: str = ""
) -> ClusterFacts:
    """Return a cluster that was listed whole, unless `reason` says why not."""
    snapshot = EMPTY_SNAPSHOT if reason else ClusterSnapshot.of(objects)
    return ClusterFacts(
        name=name,
        server=f"https://{name}.example.com",
        version=version,
        snapshot=snapshot,
        reason=reason,
    )


def inventory(
    blue: ClusterFacts | Sequence[ManifestObject] | None = None,
    green: ClusterFacts | Sequence[ManifestObject] | None = None,
    *,
    scope: HostScope | None = None,
) -> Inventory:
    """Return both clusters with one shop each, where nothing else is said."""
    clusters: Mapping[Cluster, ClusterFacts] = {
        Cluster.BLUE: _facts(blue, "old", "v1.30.1"),
        Cluster.GREEN: _facts(green, "new", "v1.33.2"),
    }
    snapshots = {cluster: known.snapshot for cluster, known in clusters.items()}
    found = Inventory(
        at=NOW, clusters=clusters, routes=build_routes(snapshots, options=BuildOptions())
    )
    return found if scope is None else replace(found, scope=scope)


def _facts(
    given: ClusterFacts | Sequence[ManifestObject] | None, name: str, version: str
) -> ClusterFacts:
    if isinstance(given, ClusterFacts):
        return given
    return facts(*(shop() if given is None else given), name=name, version=version)


def tls_secret(
    name: str = "shop-tls",
    *,
    names: Sequence[str] = ("shop.example.com",),
    not_before: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    not_after: datetime = datetime(2027, 1, 1, tzinfo=UTC),
) -> TlsSecret:
    """Return a Secret with a certificate for `names`."""
    pair = CertificatePair(
        chain_pem=f"chain {name} {names} {not_after}".encode(),
        key_pem=b"key",
        not_before=not_before,
        not_after=not_after,
        names=tuple(names),
    )
    return TlsSecret(meta=Metadata(namespace="shop", name=name), pair=pair)
