"""The network of a platform: address space, subnets, the public IP, and the gateway in it."""

from typing import Literal, Self

from pydantic import Field, StrictInt, field_validator, model_validator

from bascule.spec.azure.values import ArmId, GroupName, Name, Range, Tags, Zones
from bascule.spec.mistakes import check_names, tell
from bascule.spec.strict import Strict


class Subnet(Strict):
    """A subnet of the network."""

    name: Name = Field(description="Its name, unique in the network.")
    prefix: Range = Field(description="Its range of addresses, such as 10.240.0.0/16.")


class Network(Strict):
    """The virtual network that holds the gateway and both clusters."""

    name: Name = Field(description="Its name.")
    resource_group: GroupName | None = Field(
        default=None, description="The group that it is in, if it is not the platform's."
    )
    address_space: tuple[Range, ...] = Field(
        min_length=1, max_length=64, description="Its ranges of addresses, such as 10.0.0.0/8."
    )
    subnets: tuple[Subnet, ...] = Field(
        min_length=1, max_length=256, description="The subnets that the platform needs."
    )
    tags: Tags = Field(description="Tags beside those of the platform.")

    @field_validator("subnets")
    @classmethod
    def _subnets_differ(cls, found: tuple[Subnet, ...]) -> tuple[Subnet, ...]:
        tell(check_names([subnet.name for subnet in found], "subnets"))
        return found


class PublicIp(Strict):
    """The gateway's public address: Standard, static."""

    name: Name = Field(description="Its name.")
    resource_group: GroupName | None = Field(
        default=None, description="The group that it is in, if it is not the platform's."
    )
    zones: Zones = Field(description="Availability zones; Azure's default if empty.")
    dns_label: str | None = Field(
        default=None,
        pattern=r"^[a-z][-a-z0-9]{1,61}[a-z0-9]$",
        description="First part of its DNS name in the region.",
    )
    tags: Tags = Field(description="Tags beside those of the platform.")


class Autoscale(Strict):
    """Between how many instances or nodes the number may move."""

    min: StrictInt = Field(ge=0, le=1_000, description="At least so many.")
    max: StrictInt = Field(ge=1, le=1_000, description="At most so many.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max < self.min:
            raise ValueError("max is below min")
        return self


class ApplicationGateway(Strict):
    """The application gateway in front of both clusters.

    Listeners, rules, pools and certificates are the business of whoever routes: they are made once
    with it, since Azure wants some, and never changed by a platform.
    """

    name: Name = Field(description="Its name.")
    resource_group: GroupName | None = Field(
        default=None, description="The group that it is in, if it is not the platform's."
    )
    sku: Literal["Standard_v2", "WAF_v2"] = Field(
        default="Standard_v2", description="Which kind of application gateway."
    )
    subnet: Name = Field(description="The subnet that it has for itself.")
    capacity: StrictInt | None = Field(
        default=None, ge=1, le=125, description="How many instances; 2 if nothing is said."
    )
    autoscale: Autoscale | None = Field(
        default=None, description="Between how many instances, in place of a capacity."
    )
    zones: Zones = Field(description="Availability zones; cannot be changed later.")
    identity: ArmId | None = Field(
        default=None, description="A managed identity, for certificates from a key vault."
    )
    waf_policy: ArmId | None = Field(
        default=None, description="The policy of its web application firewall; WAF_v2 needs one."
    )
    port: StrictInt = Field(
        default=80, ge=1, le=65_535, description="Port of the listener that it is made with."
    )
    tags: Tags = Field(description="Tags beside those of the platform.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.capacity is not None and self.autoscale is not None:
            raise ValueError("capacity and autoscale exclude each other")
        if self.sku == "WAF_v2" and self.waf_policy is None:
            raise ValueError("WAF_v2 needs wafPolicy, the id of a firewall policy")
        if self.sku != "WAF_v2" and self.waf_policy is not None:
            raise ValueError("wafPolicy goes with sku: WAF_v2 only")
        return self
