"""What a user writes about an Azure Application Gateway, alone or with Envoys behind it.

Each field's description ends up in the JSON Schema, and so in the user's editor.
"""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, model_validator

from bascule.ids import Cluster
from bascule.spec.azure.values import Cloud, GroupName, Guid, Name
from bascule.spec.envoy import EnvoyOptions
from bascule.spec.mistakes import Mistake, tell
from bascule.spec.quantities import Host, HostRule
from bascule.spec.strict import Address, FilePath, Strict

QUIET_S = 1.0
MAX_DELAY_S = 10.0
OPERATION_TIMEOUT_S = 1_200


class LoadBalancerSpec(Strict):
    """The one address of a cluster, behind which an ingress controller of its own listens."""

    address: Address | Host = Field(
        union_mode="left_to_right", description="IP address or host name, as the gateway sees it."
    )
    port: StrictInt = Field(default=80, ge=1, le=65_535, description="TCP port.")
    protocol: Literal["http", "https"] = Field(
        default="http", description="What is spoken to it; https where it terminates TLS."
    )
    probe_path: str = Field(
        default="/", pattern=r"^/[!-~]*$", max_length=1_000, description="Path of the probes."
    )
    probe_host: Host | None = Field(
        default=None, description="Host of the probes; each route's own if absent."
    )


class LoadBalancers(Strict):
    """The addresses of both clusters."""

    blue: LoadBalancerSpec = Field(description="Of the old cluster.")
    green: LoadBalancerSpec = Field(description="Of the new cluster.")

    def of(self, cluster: Cluster) -> LoadBalancerSpec:
        """Return where `cluster` is reached."""
        return self.blue if cluster is Cluster.BLUE else self.green


def build_gateway_id(subscription: str, *, group: str, name: str) -> str:
    """Return the id of an Application Gateway in Azure."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.Network/applicationGateways/{name}"
    )


class AppGwPlace(Strict):
    """Which Application Gateway it is, what of it is ours, and how it is written."""

    cloud: Cloud = Field(
        default="AzureCloud",
        description="AzureCloud, AzureChinaCloud, AzureUSGovernment, or the https:// address of "
        "a cloud's Resource Manager.",
    )
    subscription: Guid | None = Field(
        default=None, description="The subscription's id; $AZURE_SUBSCRIPTION_ID if absent."
    )
    resource_group: GroupName = Field(description="The group that the gateway is in.")
    name: Name = Field(description="The gateway's name in Azure.")
    prefix: str = Field(
        default="bsc-",
        pattern=r"^[A-Za-z0-9][-A-Za-z0-9._]{0,18}-$",
        description="What the names of our listeners, rules and pools in it begin with.",
    )
    hosts: tuple[HostRule, ...] = Field(
        default=(),
        max_length=1_000,
        description="The only hosts to serve; every one that nobody else has there if absent.",
    )
    private_frontend: StrictBool = Field(
        default=False, description="Whether all listeners are on the gateway's private address."
    )
    quiet_s: StrictFloat = Field(
        default=QUIET_S,
        ge=0,
        le=60,
        alias="quietSeconds",
        description="How long nothing may have changed before changes are sent.",
    )
    max_delay_s: StrictFloat = Field(
        default=MAX_DELAY_S,
        ge=0,
        le=600,
        alias="maxDelaySeconds",
        description="How long changes that never pause wait at most. A switch waits for none.",
    )
    operation_timeout_seconds: StrictInt = Field(
        default=OPERATION_TIMEOUT_S,
        ge=1,
        le=7_200,
        description="How long Azure may take for one update of the gateway.",
    )

    def gateway_id(self, subscription: str) -> str:
        """Return the gateway's id in Azure, in `subscription` where the file names none."""
        return build_gateway_id(
            self.subscription or subscription, group=self.resource_group, name=self.name
        )

    @model_validator(mode="after")
    def _delays_fit(self) -> Self:
        if self.max_delay_s < self.quiet_s:
            shown = f"is less than quietSeconds ({self.quiet_s:g})"
            tell([Mistake(("maxDelaySeconds",), shown, "make it as much or more")])
        return self


class AppGwGateway(AppGwPlace):
    """An Application Gateway that sends requests to the clusters itself."""

    type: Literal["appgw"] = Field(description="Which kind of gateway this is.")
    backends: Literal["pods", "loadBalancer"] = Field(
        default="pods",
        description="What the gateway sends to: each pod, or one address of each cluster.",
    )
    load_balancers: LoadBalancers | None = Field(
        default=None, description="The address of each cluster; with backends: loadBalancer."
    )
    switch_by: Literal["auto", "rules", "pools"] = Field(
        default="auto",
        description="How all routes change clusters: by rules, which name the other cluster's "
        "prepared pools and path maps, or by pools that both use, whose addresses are exchanged "
        "and of which half as many are needed. auto is rules where everything has room so, "
        "else pools where more of it has; it never changes while traffic moves or is split.",
    )
    shares: StrictBool = Field(
        default=False,
        description="Whether a host may have addresses of both clusters in its pools, in the "
        "percentages that their numbers allow.",
    )

    @model_validator(mode="after")
    def _backends_fit(self) -> Self:
        tell(self._check_backends())
        return self

    def _check_backends(self) -> Iterator[Mistake]:
        found = self.load_balancers
        if (self.backends == "loadBalancer") is not (found is not None):
            path = ("backends",) if found is None else ("loadBalancers",)
            yield Mistake(
                path,
                "loadBalancers and `backends: loadBalancer` go together",
                "write both, or neither where the gateway sends to pods",
            )
        if found is None or self.switch_by != "pools":
            return
        ours, theirs = (found.of(c).model_copy(update={"address": ""}) for c in Cluster)
        if ours != theirs:
            yield Mistake(
                ("switchBy",),
                "pools exchange addresses only, and more differs between blue and green",
                "write `switchBy: rules`, or give both the same port, protocol and probe",
            )


class XdsPlace(Strict):
    """Where Envoys that are run elsewhere fetch their configuration, with mutual TLS always."""

    listen: str = Field(
        pattern=r"^[^\s:]+:[0-9]{1,5}$|^\[[0-9A-Fa-f:.]+\]:[0-9]{1,5}$",
        description="HOST:PORT to serve it at.",
    )
    certificate: FilePath = Field(description="Our certificate chain, PEM.")
    key: FilePath = Field(description="Our private key, PEM.")
    client_ca: FilePath = Field(description="The CA whose certificates Envoys must show, PEM.")


class EnvoyTier(EnvoyOptions):
    """The Envoys that an Application Gateway sends all requests to."""

    addresses: tuple[Address, ...] = Field(
        min_length=1,
        max_length=64,
        description="IP addresses at which the gateway reaches them, or a load balancer's.",
    )
    listen: Address = Field(
        default="127.0.0.1", description="IP address that each listens on; loopback at first."
    )
    port: StrictInt = Field(
        default=8080, ge=1, le=65_535, description="TCP port that each listens on."
    )
    xds: XdsPlace | None = Field(
        default=None,
        description="Where Envoys run elsewhere fetch their configuration; Bascule starts one "
        "Envoy itself if absent.",
    )


class AppGwEnvoyGateway(AppGwPlace):
    """An Application Gateway that sends all requests to Envoys, which choose the cluster."""

    type: Literal["appgw+envoy"] = Field(description="Which kind of gateway this is.")
    envoys: EnvoyTier = Field(description="The Envoys between the gateway and the clusters.")
    load_balancers: LoadBalancers | None = Field(
        default=None,
        description="The address of each cluster, to which `bascule gateway break-glass` leads "
        "past the Envoys; to pods if absent.",
    )
