from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from bascule.lab.arm.entra import jwt
from bascule.lab.arm.entra.issuers import ClusterIssuers
from bascule.lab.arm.resources import ResourceStore
from tests.support.arm_world import RG
from tests.support.lab_azure import signing_key

CLUSTER = f"{RG}/providers/Microsoft.ContainerService/managedClusters/blue"
ISSUER = "https://chinanorth2.oic.invalid/t/blue/"


async def elsewhere(issuer: str) -> Sequence[Mapping[str, Any]]:
    return ({"kid": issuer},)


def make_issuers(directory: Path, record: str = CLUSTER) -> ClusterIssuers:
    resources = ResourceStore()
    kind = "Microsoft.ContainerService/managedClusters"
    profile = {"oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER}}
    resources.put({"id": CLUSTER, "name": "blue", "type": kind, "properties": profile})
    resources.put(
        {"id": "/lab/clusters/b", "type": "Lab/clusters", "cluster": record, "key": "blue-1"}
    )
    return ClusterIssuers(resources, directory, elsewhere)


async def test_the_keys_of_a_cluster_are_read_where_it_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "blue-1/pki").mkdir(parents=True)
    (tmp_path / "blue-1/pki/sa.key").write_bytes(
        signing_key().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    found = await make_issuers(tmp_path, CLUSTER.upper()).keys(ISSUER)

    assert found == jwt.Signer(signing_key()).key_set()["keys"]


async def test_a_cluster_without_keys_has_none_and_other_issuers_are_asked(tmp_path: Path) -> None:
    issuers = make_issuers(tmp_path)

    assert await issuers.keys(ISSUER) == ()
    assert await issuers.keys("https://other.invalid/") == ({"kid": "https://other.invalid/"},)
