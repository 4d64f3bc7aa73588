"""How traffic moves to green: which hosts, in what steps, who sees it before, who stays."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Literal, Self

from pydantic import ConfigDict, Field, StrictBool, field_validator, model_validator

from bascule.spec.durations import Seconds
from bascule.spec.mistakes import Mistake, tell
from bascule.spec.quantities import HeaderName, Host, HostRule, Share
from bascule.spec.strict import Strict

ALL_BP = 10_000
"""A weight of everything, in hundredths of a percent."""


class Hosts(Strict):
    """Which hosts go to green; the others stay on blue."""

    include: tuple[HostRule, ...] = Field(
        default=(),
        max_length=10_000,
        description="Hosts as Ingresses write them, `*.example.com` too; all if empty.",
    )
    exclude: tuple[HostRule, ...] = Field(
        default=(), max_length=10_000, description="Hosts that stay on blue though included."
    )


class Sync(Strict):
    """How workloads come to green."""

    mode: Literal["external"] = Field(
        default="external",
        description="Who brings them: external (GitOps or a pipeline of yours); waited for.",
    )
    timeout_s: Seconds = Field(
        default=1_800.0,
        alias="timeout",
        description="How long to wait for every route of blue to have ready endpoints on green.",
    )


class Preview(Strict):
    """How to reach green before any user does."""

    header: HeaderName = Field(
        default="x-bascule-preview",
        description="A request whose header of this name says blue or green goes there.",
    )
    hosts: dict[Host, HostRule] = Field(
        default_factory=dict,
        max_length=1_000,
        description="Further host names, each with the host whose routes on green it shows.",
    )

    @field_validator("hosts", mode="before")
    @classmethod
    def _aliases_differ(cls, found: object) -> object:
        """Before names become lower case, since two may then be one."""
        if isinstance(found, dict):
            tell(_check_aliases(found))
        return found


def _check_aliases(hosts: Mapping[object, object]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for alias, host in hosts.items():
        name = str(alias).lower()
        path = (str(alias),)
        if name.startswith("*"):
            yield Mistake(path, "a further host name cannot be a wildcard")
        if name in seen:
            yield Mistake(path, f"the host name {name!r} appears twice")
        if name == str(host).lower():
            yield Mistake(path, "shows itself", "give it a name that no Ingress has")
        seen.add(name)


class Mirror(Strict):
    """Copies of GET, HEAD and OPTIONS requests go to green; its answers are thrown away."""

    percent: Share = Field(default=10.0, description="Percent of the requests that are copied.")
    hold_s: Seconds = Field(
        default=60.0, alias="hold", description="How long, before any user is sent to green."
    )

    @property
    def share_bp(self) -> int:
        """The share that is copied, in hundredths of a percent."""
        return round(self.percent * 100)


class Verify(Strict):
    """Green is judged by preview and mirrored traffic before any user is sent there."""

    hold_s: Seconds = Field(default=30.0, alias="hold", description="How long.")
    approval: StrictBool = Field(
        default=False, description="Whether a person has to say yes after it."
    )


class StickySessions(Strict):
    """How a user is kept on one cluster while weights rise."""

    kind: Literal["cookie", "header", "none"] = Field(
        description="What tells one user from another."
    )
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$",
        description="The cookie's or the header's name; `bascule` for a cookie if absent.",
    )
    ttl_s: Seconds | None = Field(
        default=None, alias="ttl", description="How long a cookie lives; a day if absent."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "header" and self.name is None:
            raise ValueError("a header needs its name")
        if self.kind == "none" and self.name is not None:
            raise ValueError("kind none takes no name")
        if self.kind != "cookie" and self.ttl_s is not None:
            raise ValueError("only a cookie has a ttl")
        return self


class StepSpec(Strict):
    """Green gets a share of the requests, or some hosts whole, for a while, and is judged."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["weight"]}, {"required": ["hosts"]}]}
    )

    weight_percent: Share | None = Field(
        default=None,
        alias="weight",
        description="Percent of the requests that green gets, of all hosts that are not green's "
        "yet; two decimals. This or hosts.",
    )
    hosts: tuple[HostRule, ...] = Field(
        default=(),
        max_length=1_000,
        description="Hosts that are all green's from here on, as Ingresses write them; the others "
        "stay as they are. This or weight.",
    )
    hold_s: Seconds = Field(default=300.0, alias="hold", description="How long it is judged.")
    approval: StrictBool = Field(
        default=False, description="Whether a person has to say yes after it."
    )

    @model_validator(mode="after")
    def _says_what_green_gets(self) -> Self:
        if self.weight_percent is None and not self.hosts:
            raise ValueError("does not say what green gets: give weight, or hosts")
        if self.weight_percent is not None and self.hosts:
            raise ValueError("gives weight and hosts: hosts go whole, so make two steps of it")
        if len(set(self.hosts)) < len(self.hosts):
            raise ValueError("names a host twice")
        return self

    @property
    def weight_bp(self) -> int:
        """The share of green in hundredths of a percent; 0 where whole hosts are named."""
        return round((self.weight_percent or 0.0) * 100)


def name_steps(steps: Sequence[StepSpec]) -> tuple[str, ...]:
    """Return the keys of the steps of the plan: `shift-5`, `shift-12.25`, `shift-hosts-1`."""
    by_hosts = count(1)
    return tuple(
        f"shift-hosts-{next(by_hosts)}" if step.hosts else f"shift-{step.weight_bp / 100:g}"
        for step in steps
    )


def default_steps() -> tuple[StepSpec, ...]:
    """Return 1, 5, 25, 50, 100 %, five minutes each.

    A broken green shows at 1 %, to few users. 5 and 25 bring enough requests to see a small rise of
    failures. At 50 both clusters do the same work, which is the fairest comparison, and a green
    that is too small shows while blue can still take all. Five minutes are a few scrapes of a
    Prometheus and one round of most autoscalers.
    """
    return tuple(StepSpec(weight_percent=share) for share in (1, 5, 25, 50, 100))
