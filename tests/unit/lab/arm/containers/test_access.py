from typing import Any

from bascule.lab.arm.authorization.decision import Grant
from bascule.lab.arm.authorization.roles import BUILT_IN
from bascule.lab.arm.containers.access import build_access, build_sign_in
from bascule.lab.arm.containers.credentials import SERVER_ID
from tests.support.aks_world import AKS
from tests.support.arm_world import RG

CLUSTER = f"{AKS}/old"
KEY = {"kty": "EC"}


def document(**profile: Any) -> dict[str, Any]:
    return {"id": CLUSTER, "properties": {"aadProfile": {"tenantID": "t", **profile}}}


def grant(principal: str, name: str, scope: str = RG) -> Grant:
    role = next(role for role in BUILT_IN if role.name == name)
    return Grant(principal_id=principal, role=role, scope=scope)


def test_a_cluster_without_entra_takes_no_tokens() -> None:
    assert build_sign_in({"id": CLUSTER, "properties": {}}, KEY) is None
    assert build_sign_in(document(), {}) is None
    taken = build_sign_in(document(), KEY)
    assert taken is not None
    assert (taken.audience, taken.tenant_id) == (SERVER_ID, "t")


def test_without_azures_roles_only_the_groups_of_administrators_count() -> None:
    grants = [grant("a", "Azure Kubernetes Service RBAC Cluster Admin")]

    access = build_access(document(adminGroupObjectIDs=["g"]), grants)

    assert (access.admins, access.writers, access.readers) == (("g",), (), ())


def test_azures_roles_on_data_decide_and_its_other_roles_do_not() -> None:
    grants = [
        grant("owner", "Owner"),
        grant("admin", "Azure Kubernetes Service RBAC Cluster Admin", CLUSTER),
        grant("writer", "Azure Kubernetes Service RBAC Writer"),
        grant("reader", "Azure Kubernetes Service RBAC Reader"),
        grant("elsewhere", "Azure Kubernetes Service RBAC Cluster Admin", f"{CLUSTER}2"),
    ]

    access = build_access(document(enableAzureRBAC=True, adminGroupObjectIDs=["g"]), grants)

    assert access.admins == ("admin", "g")
    assert access.writers == ("writer",)
    assert access.readers == ("reader",)
