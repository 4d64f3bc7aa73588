"""What a user writes about one gateway: `gateway.yaml`, as pydantic models.

Each field's description ends up in the JSON Schema, and so in the user's editor.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from bascule.ids import Cluster, GatewayName

_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_CLASS_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9./]{0,251}[A-Za-z0-9])?")


def resolve_path(path: Path, folder: Path) -> Path:
    """Return a path that a file in `folder` names. Raises ValueError for what can be none."""
    if "\0" in str(path):
        raise ValueError("holds a NUL character")
    try:
        return folder / path.expanduser()
    except RuntimeError:
        raise ValueError(f"nobody here is called {path.parts[0][1:]!r}") from None


def _resolve(path: Path, info: ValidationInfo[Path | None]) -> Path:
    """Make a path count from the directory of the file that names it."""
    return resolve_path(path, info.context or Path())


def _check_class(name: str) -> str:
    if not _CLASS_NAME.fullmatch(name):
        raise ValueError("is not the name of an IngressClass")
    return name


def _check_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 or IPv6 address") from None


FilePath = Annotated[Path, AfterValidator(_resolve)]
ClassName = Annotated[str, AfterValidator(_check_class)]
Address = Annotated[str, AfterValidator(_check_address)]


class Strict(BaseModel):
    """Refuses unknown keys, reads camelCase, and cannot change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


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


class EnvoyGateway(Strict):
    """An Envoy that Bascule starts, or Envoys that are run elsewhere."""

    type: Literal["envoy"] = Field(description="Which kind of gateway this is.")
    binary: FilePath | None = Field(
        default=None, description="Path of Envoy; found in the extra, ENVOY_BIN or PATH if absent."
    )
    concurrency: StrictInt = Field(default=2, ge=1, le=256, description="Envoy's worker threads.")
    drain_seconds: StrictInt = Field(
        default=60,
        ge=0,
        le=86_400,
        description="How long open connections may stay on a listener that changes. A switch "
        "cuts none: what is open on the other cluster ends by itself.",
    )


class GatewaySettings(Strict):
    """One gateway, whichever clusters stand behind it."""

    name: GatewayName = Field(pattern=_LABEL, description="A DNS label; names the state directory.")
    listeners: tuple[ListenerSpec, ...] = Field(
        default_factory=_default_listeners,
        min_length=1,
        max_length=64,
        description="Ports of the gateway; 8080, and 8443 with TLS, if absent.",
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
    gateway: EnvoyGateway = Field(
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
