"""What a user writes about the cloud below an upgrade: `platform.yaml`, as pydantic models.

Each field's description ends up in the JSON Schema, and so in the user's editor. What has to hold
between fields stands in `bascule.spec.azure.rules`.
"""

from typing import Self

from pydantic import Field, model_validator

from bascule.spec.azure import rules
from bascule.spec.azure.access import Controller
from bascule.spec.azure.cluster import PlatformClusters
from bascule.spec.azure.network import ApplicationGateway, Network, PublicIp
from bascule.spec.azure.values import Cloud, GroupName, Guid, Location, Tags
from bascule.spec.mistakes import tell
from bascule.spec.quantities import Label
from bascule.spec.strict import FilePath, Strict


class Platform(Strict):
    """All that an upgrade needs in Azure: network, gateway, clusters, and who may do what."""

    name: Label = Field(
        description="A DNS label; stands in the tag `bascule-platform` of what is made."
    )
    cloud: Cloud = Field(
        default="AzureCloud",
        description="AzureCloud, AzureChinaCloud, AzureUSGovernment, or the https:// address of "
        "a cloud's Resource Manager.",
    )
    subscription: Guid | None = Field(
        default=None, description="The subscription's id; $AZURE_SUBSCRIPTION_ID if absent."
    )
    location: Location = Field(description="The region, such as chinanorth2.")
    resource_group: GroupName = Field(description="The group of all that names no other.")
    tags: Tags = Field(description="Tags of everything that can have tags.")
    network: Network = Field(description="The virtual network.")
    public_ip: PublicIp = Field(description="The gateway's public address.")
    gateway: ApplicationGateway = Field(description="The application gateway.")
    clusters: PlatformClusters = Field(description="The clusters.")
    controller: Controller | None = Field(
        default=None, description="Who writes the gateway from inside the clusters; none if absent."
    )
    prices: FilePath | None = Field(
        default=None, description="A file of prices; sums are shown only with it."
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        tell(
            (
                *rules.check_ranges(self.network),
                *rules.check_subnets(self.network, self.gateway, self.clusters),
                *rules.check_pods(self.network, self.clusters.blue),
                *rules.check_clusters(self.clusters),
                *rules.check_controller(self.controller, self.clusters.blue),
            )
        )
        return self
