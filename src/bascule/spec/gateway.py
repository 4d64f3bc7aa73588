"""What a user writes about one gateway: `gateway.yaml`, as pydantic models.

Each field's description ends up in the JSON Schema, and so in the user's editor.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, field_validator, model_validator

from bascule.ids import Cluster, GatewayName
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway, AppGwPlace
from bascule.spec.envoy import EnvoyOptions
from bascule.spec.mistakes import Mistake, tell
from bascule.spec.strict import Address, FilePath, Strict

_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_CLASS_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9./]{0,251}[A-Za-z0-9])?")


def _check_class(name: str) -> str:
    if not _CLASS_NAME.fullmatch(name):
        raise ValueError("is not the name of an IngressClass")
    return name


ClassName = Annotated[str, AfterValidator(_check_class)]


class ClusterAccess(Strict):
    """How one cluster is reached."""

    kubeconfig: FilePath = Field(description="Path of a kubeconfig, from this file's directory.")
    context: str | None = Field(
        default=None, description="Context in it; its current context if absent."
    )
    awaited: StrictBool = Field(
        default=False,
        description="Whether the cluster may not be there yet; its kubeconfig is read once it is.",
    )

    def is_same(self, other: "ClusterAccess") -> bool:
        """Return whether both lead to one cluster, whether it is there already or not."""
        return (self.kubeconfig, self.context) == (other.kubeconfig, other.context)


class Clusters(Strict):
    """The two clusters behind the gateway."""

    blue: ClusterAccess = Field(description="The old cluster.")
    green: ClusterAccess = Field(description="The new cluster.")

    def of(self, cluster: Cluster) -> ClusterAccess:
        """Return how `cluster` is reached."""
        return self.blue if cluster is Cluster.BLUE else self.green


class ListenerSpec(Strict):
    """A port of the gateway."""

    name: str = Field(pattern=_LABEL, description="A DNS label, unique among the listeners.")
    address: Address = Field(
        default="127.0.0.1",
        description="IP address to listen on; loopback at first.",
    )
    port: StrictInt = Field(ge=1, le=65_535, description="TCP port.")
    tls: StrictBool = Field(default=False, description="Serve the hosts that have certificates.")


def _default_listeners() -> tuple[ListenerSpec, ...]:
    return (
        ListenerSpec(name="http", port=8080),
        ListenerSpec(name="https", port=8443, tls=True),
    )


class EnvoyGateway(EnvoyOptions):
    """An Envoy that Bascule starts, or Envoys that are run elsewhere."""

    type: Literal["envoy"] = Field(description="Which kind of gateway this is.")


AnyGateway = Annotated[EnvoyGateway | AppGwGateway | AppGwEnvoyGateway, Field(discriminator="type")]
"""What is in front of the clusters."""


class GatewaySettings(Strict):
    """One gateway, whichever clusters stand behind it."""

    name: GatewayName = Field(pattern=_LABEL, description="A DNS label; names the state directory.")
    listeners: tuple[ListenerSpec, ...] = Field(
        default_factory=_default_listeners,
        min_length=1,
        max_length=64,
        description="Ports of the gateway; an Envoy's are 8080, and 8443 with TLS, if absent.",
    )
    ingress_classes: tuple[ClassName, ...] = Field(
        default=("bascule",),
        max_length=64,
        description="Names of the ingress classes to serve, beside those of bascule.dev/ingress.",
    )
    report: tuple[Literal["events", "status"], ...] = Field(
        default=("events",),
        description="What to write to the clusters: Events, and the address in Ingress status.",
    )
    hold_off_ms: StrictInt = Field(
        default=50,
        ge=0,
        le=10_000,
        description="How long changes are gathered before they are sent, in milliseconds.",
    )
    gateway: AnyGateway = Field(
        default_factory=lambda: EnvoyGateway(type="envoy"), description="The gateway itself."
    )

    @field_validator("listeners")
    @classmethod
    def _listeners_differ(cls, found: tuple[ListenerSpec, ...]) -> tuple[ListenerSpec, ...]:
        if len({listener.name for listener in found}) < len(found):
            raise ValueError("two listeners have the same name")
        if len({(listener.address, listener.port) for listener in found}) < len(found):
            raise ValueError("two listeners have the same address and port")
        return found

    @model_validator(mode="after")
    def _listeners_fit(self) -> Self:
        if isinstance(self.gateway, AppGwPlace):
            tell(self._check_listeners())
        return self

    def _check_listeners(self) -> Iterator[Mistake]:
        if "listeners" not in self.model_fields_set:
            yield Mistake(
                ("listeners",),
                "are needed with an Application Gateway",
                "write the address and the ports at which clients reach it",
            )
        port_by_kind: dict[bool, int] = {}
        for index, each in enumerate(self.listeners):
            if port_by_kind.setdefault(each.tls, each.port) != each.port:
                kind = "with" if each.tls else "without"
                yield Mistake(
                    ("listeners", index, "port"),
                    f"is a second port {kind} TLS, and an Application Gateway gets one",
                    "leave it out; an Ingress may ask for another port by annotation",
                )


class Gateway(GatewaySettings):
    """One gateway in front of two clusters."""

    clusters: Clusters = Field(description="The clusters blue and green.")
    active: Cluster = Field(
        default=Cluster.BLUE, description="The cluster that takes all traffic at first."
    )

    def settings(self) -> GatewaySettings:
        """Return the gateway without its clusters."""
        return GatewaySettings(
            name=self.name,
            listeners=self.listeners,
            ingress_classes=self.ingress_classes,
            report=self.report,
            hold_off_ms=self.hold_off_ms,
            gateway=self.gateway,
        )
