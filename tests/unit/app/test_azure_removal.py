import pytest

from bascule.app.azure_removal import Goes, fetch_goes, require_removable
from bascule.azure.resource_id import ResourceId
from bascule.checks.findings import Severity
from bascule.errors import PlanError
from tests.support.azure_documents import Documents
from tests.support.azure_facts import GATEWAY, NODE_GROUP, SUBSCRIPTION, cluster_id, in_node_group

OLD = ResourceId(cluster_id("old"))
GROUP = f"{SUBSCRIPTION}/resourceGroups/{NODE_GROUP}/resources"
DISK = {
    "id": in_node_group("Microsoft.Compute/disks", "orders"),
    "name": "orders",
    "type": "Microsoft.Compute/disks",
}
LATER = {**DISK, "id": in_node_group("Microsoft.Compute/disks", "later"), "name": "later"}


def azure(*members: dict[str, str], forbidden: tuple[str, ...] = ()) -> Documents:
    old = {"id": OLD.text, "name": "old", "properties": {"nodeResourceGroup": NODE_GROUP}}
    return Documents(old, *members, lists={GROUP: members}, forbidden=forbidden)


async def test_a_plan_shows_what_would_go_and_its_approval_is_enough() -> None:
    goes = await fetch_goes(azure(DISK), OLD, subject="blue")

    assert goes.ids == (DISK["id"],)
    assert [f.severity for f in goes.findings] == [Severity.INFO]
    await require_removable(azure(DISK), OLD, goes.ids)


async def test_what_came_later_keeps_the_cluster() -> None:
    with pytest.raises(PlanError, match="the disk later would go with old"):
        await require_removable(azure(DISK, LATER), OLD, (DISK["id"],))


async def test_what_something_outside_uses_keeps_the_cluster_whatever_was_approved() -> None:
    used = {**DISK, "managedBy": GATEWAY}

    goes = await fetch_goes(azure(used), OLD, subject="blue")

    assert goes.findings[0].code == "UsedOutside"
    with pytest.raises(PlanError, match="AppGateway outside the cluster would lose it"):
        await require_removable(azure(used), OLD, goes.ids)


async def test_a_group_that_cannot_be_read_keeps_the_cluster() -> None:
    goes = await fetch_goes(azure(forbidden=(GROUP,)), OLD, subject="blue")

    assert (goes.ids, goes.findings[0].code) == ((), "NodeGroupUnreadable")
    with pytest.raises(PlanError, match="cannot be read"):
        await require_removable(azure(forbidden=(GROUP,)), OLD, ())


async def test_a_cluster_that_is_gone_takes_nothing_along() -> None:
    assert await fetch_goes(Documents(), OLD, subject="blue") == Goes()
    await require_removable(Documents(), OLD, ())
