"""What a user writes about one upgrade: `upgrade.yaml`, as pydantic models.

Each field's description ends up in the JSON Schema, and so in the user's editor. What has to hold
between fields stands in `bascule.spec.rules`.
"""

from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from bascule.ids import Cluster
from bascule.spec import rules
from bascule.spec.analysis import Analysis
from bascule.spec.durations import Seconds
from bascule.spec.gateway import (
    ClusterAccess,
    Clusters,
    Gateway,
    GatewaySettings,
)
from bascule.spec.mistakes import check_names, tell
from bascule.spec.operations import AnyReceiver, Bake, Freeze, Hook, Retire, Rollback
from bascule.spec.quantities import Label
from bascule.spec.strict import FilePath, Strict
from bascule.spec.traffic import (
    Hosts,
    Mirror,
    Preview,
    StepSpec,
    StickySessions,
    Sync,
    Verify,
    default_steps,
)


class ExistingPlatform(Strict):
    """Two clusters that exist and are reached by kubeconfig."""

    model_config = ConfigDict(json_schema_extra={"required": ["type"]})

    type: Literal["existing"] = Field(description="Clusters that exist already.")
    blue: ClusterAccess = Field(
        description="The old cluster; only a gateway.yaml that is named says it too."
    )
    green: ClusterAccess = Field(
        description="The new cluster; only a gateway.yaml that is named says it too."
    )

    def of(self, cluster: Cluster) -> ClusterAccess:
        """Return how `cluster` is reached."""
        return self.blue if cluster is Cluster.BLUE else self.green


class AzurePlatform(Strict):
    """Two clusters of a platform.yaml: green is made by the upgrade, and blue removed by it."""

    model_config = ConfigDict(json_schema_extra={"required": ["type", "file"]})

    type: Literal["azure"] = Field(description="Clusters in Azure, as a platform.yaml says.")
    file: FilePath = Field(description="Path of the platform.yaml, from this file's directory.")
    blue: ClusterAccess = Field(
        description="Where the old cluster's kubeconfig is written; only a gateway.yaml that is "
        "named says it too."
    )
    green: ClusterAccess = Field(
        description="Where the new cluster's kubeconfig is written; only a gateway.yaml that is "
        "named says it too."
    )
    keep_green: StrictBool = Field(
        default=False, description="Whether a rollback leaves a green that the upgrade has made."
    )
    stopped_s: Seconds = Field(
        default=3_600.0,
        alias="stopped",
        description="How long blue stays stopped, to be started again in minutes, before it is "
        "removed.",
    )

    def of(self, cluster: Cluster) -> ClusterAccess:
        """Return how `cluster` is reached, once it is there."""
        access = self.blue if cluster is Cluster.BLUE else self.green
        return access.model_copy(update={"awaited": True})


AnyPlatform = Annotated[ExistingPlatform | AzurePlatform, Field(discriminator="type")]


def _read_off(value: object) -> object:
    """Let `preview: off` be None; YAML reads `off` as false."""
    return None if value is False or value == "off" else value


def _or_off(schema: JsonDict) -> None:
    choices = schema["anyOf"]
    schema["anyOf"] = [*(choices if isinstance(choices, list) else ()), {"enum": [False, "off"]}]


def _or_a_path(schema: JsonDict) -> None:
    schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "string", "minLength": 1}]


class Upgrade(Strict):
    """One upgrade: traffic goes from blue to green, step by step, and is judged."""

    model_config = ConfigDict(json_schema_extra={"required": ["name", "gateway"]})

    name: Label = Field(description="A DNS label; names the upgrade.")
    platform: AnyPlatform = Field(description="Where the clusters come from.")
    gateway: GatewaySettings = Field(
        description="The gateway, as in gateway.yaml but without clusters, or that file's path.",
        json_schema_extra=_or_a_path,
    )
    hosts: Hosts = Field(default_factory=Hosts, description="Which hosts go to green.")
    sync: Sync = Field(default_factory=Sync, description="Who brings the workloads to green.")
    preview: Annotated[Preview | None, BeforeValidator(_read_off)] = Field(
        default_factory=Preview,
        description="How to reach green before any user does; or off.",
        json_schema_extra=_or_off,
    )
    mirror: Mirror | None = Field(
        default=None,
        description="Copies of reading requests to green before any user; none if absent.",
    )
    verify: Verify = Field(
        default_factory=Verify, description="How green is judged before any user is sent there."
    )
    sticky_sessions: StickySessions | None = Field(
        default=None, description="How users stay on a cluster; as each Ingress says if absent."
    )
    steps: tuple[StepSpec, ...] = Field(
        default_factory=default_steps,
        min_length=1,
        max_length=100,
        description="What green gets; 1, 5, 25, 50 and 100 % for 5 minutes each if absent.",
    )
    analysis: Analysis = Field(default_factory=Analysis, description="How green is judged.")
    freeze: tuple[Freeze, ...] = Field(
        default=(),
        max_length=100,
        description="When no weight rises, no hook runs and nothing is retired.",
    )
    hooks: tuple[Hook, ...] = Field(
        default=(), max_length=64, description="Commands of yours, in the order of the upgrade."
    )
    bake: Bake = Field(
        default_factory=Bake, description="How long green takes all while blue stays warm."
    )
    rollback: Rollback = Field(default_factory=Rollback, description="What a rollback means.")
    retire: Retire = Field(default_factory=Retire, description="When blue is taken out.")
    notify: tuple[AnyReceiver, ...] = Field(
        default=(), max_length=16, description="Who is told what happens."
    )

    @field_validator("steps")
    @classmethod
    def _steps_rise(cls, found: tuple[StepSpec, ...]) -> tuple[StepSpec, ...]:
        tell(rules.check_steps(found))
        return found

    @field_validator("hooks")
    @classmethod
    def _hooks_differ(cls, found: tuple[Hook, ...]) -> tuple[Hook, ...]:
        tell(check_names([hook.name for hook in found], "hooks"))
        return found

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        tell(
            (
                *rules.check_clusters(self.platform.blue, self.platform.green),
                *rules.check_hooks(self.hooks, self.steps),
                *rules.check_rollback(self.rollback, self.hooks, self.steps),
                *rules.check_checks(self.analysis.checks, self.preview, self.gateway),
                *rules.check_retire(self.retire, self.hosts),
                *rules.check_step_hosts(self.steps, self.hosts),
            )
        )
        return self

    def gateway_model(self) -> Gateway:
        """Return the gateway that this upgrade is run on."""
        clusters = Clusters(
            blue=self.platform.of(Cluster.BLUE), green=self.platform.of(Cluster.GREEN)
        )
        return Gateway(
            clusters=clusters,
            name=self.gateway.name,
            listeners=self.gateway.listeners,
            ingress_classes=self.gateway.ingress_classes,
            report=self.gateway.report,
            hold_off_ms=self.gateway.hold_off_ms,
            gateway=self.gateway.gateway,
        )
