"""Role assignments and definitions, locks and policies as their documents show them. Pure."""

from typing import Any

from bascule.lab.arm.authorization.decision import scope_key
from bascule.lab.arm.authorization.roles import BUILT_IN_TIME, Role
from bascule.lab.arm.odata import parse_filter
from bascule.lab.arm.resources import Document


def render_built_in(role: Role, subscription: str) -> Document:
    """Return the definition of a role that Azure comes with."""
    below = f"/subscriptions/{subscription}" if subscription else ""
    return {
        "id": f"{below}/providers/Microsoft.Authorization/roleDefinitions/{role.id}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.id,
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole",
            "description": role.description,
            "assignableScopes": ["/"],
            "permissions": [render_permissions(role)],
            "createdOn": BUILT_IN_TIME,
            "updatedOn": BUILT_IN_TIME,
            "createdBy": None,
            "updatedBy": None,
        },
    }


def render_permissions(role: Role) -> dict[str, Any]:
    """Return what a role allows, as definitions and `permissions` show it."""
    return {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": list(role.data_actions),
        "notDataActions": list(role.not_data_actions),
    }


def read_filter(text: str) -> dict[str, str]:
    """Return the conditions of a `$filter` by field or function: `{"atscope": ""}`.

    Raises ArmRefusal 400.
    """
    return {(each.field or each.operator).lower(): each.value for each in parse_filter(text)}


def lies_in(scope: str, asked: str, *, at_scope_only: bool) -> bool:
    """Say whether something at a scope is listed when somebody asks at another.

    Without the filter `atScope()` what lies below is listed as well as what lies above.
    """
    own, wanted = scope_key(scope), scope_key(asked)
    if own in {"/", wanted} or wanted.startswith(own + "/"):
        return True
    return not at_scope_only and (wanted == "/" or own.startswith(wanted + "/"))
