"""The identity that a controller in the clusters signs in with, and what it may do."""

from typing import Annotated

from pydantic import Field

from bascule.spec.azure.values import GroupName, IdentityName, Tags
from bascule.spec.strict import Strict

ServiceAccount = Annotated[
    str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")
]


class Controller(Strict):
    """What runs Bascule: its identity may write the gateway and sign in to both clusters."""

    identity: IdentityName = Field(description="The managed identity that is made for it.")
    resource_group: GroupName | None = Field(
        default=None, description="The group that it is in, if it is not the platform's."
    )
    service_accounts: tuple[ServiceAccount, ...] = Field(
        default=("bascule/bascule",),
        max_length=10,
        description="Who signs in as it, as namespace/name; in each cluster with workload "
        "identity. Empty: nobody in a cluster.",
    )
    gateway_role: str = Field(
        default="Network Contributor",
        max_length=500,
        description="The role that it has on the gateway, its subnet and its public IP: "
        "a built-in one's name, or the id of one of yours.",
    )
    tags: Tags = Field(description="Tags beside those of the platform.")
