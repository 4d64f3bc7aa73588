from bascule.app.azure_rights import fetch_rights
from bascule.azure.resource_id import ResourceId
from bascule.checks.azure import actions
from bascule.platform.rights import ROLES, RoleName
from tests.support.azure_documents import Documents
from tests.support.azure_facts import GROUP

PATH = f"{GROUP}/providers/Microsoft.Authorization/permissions"


async def test_a_callers_rights_are_compared_with_a_role() -> None:
    held = {"actions": ["*/read", "Microsoft.Network/*"], "notActions": []}

    found = await fetch_rights(
        Documents(lists={PATH: [held]}), ROLES[RoleName.GATEWAY_WRITER], ResourceId(GROUP)
    )

    assert found.missing == (actions.ASSIGN_IDENTITY,)
    assert found.excess == ("Microsoft.Network/*",)


async def test_who_may_do_nothing_lacks_everything() -> None:
    found = await fetch_rights(Documents(), ROLES[RoleName.VIEWER], ResourceId(GROUP))

    assert len(found.missing) == len(ROLES[RoleName.VIEWER].actions)
    assert found.excess == ()
