"""How green is judged while it gets traffic: success, latency, and checks of the user's own."""

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    field_validator,
    model_validator,
)

from bascule.spec.durations import Seconds
from bascule.spec.mistakes import Mistake, check_names, tell
from bascule.spec.quantities import (
    Command,
    EnvName,
    HeaderName,
    HeaderValue,
    Host,
    Label,
    Percent,
    Regex,
    Url,
)
from bascule.spec.strict import FilePath, Strict


class SuccessRate(Strict):
    """Which share of green's requests has to succeed; a 5xx, a reset, a time-out is a failure."""

    min_percent: Percent | None = Field(
        default=95.0,
        alias="min",
        description="Least percent of green's requests that succeed; null for no limit. It is all "
        "that is judged by where blue gets no requests to compare with: at 100 % and in the bake.",
    )
    max_below_blue_percent: Percent | None = Field(
        default=0.2,
        alias="maxBelowBlue",
        description="How many points of percent green may be below blue at the same moment.",
    )


class LatencyLimit(Strict):
    """A percentile of green's latency, absolute or against blue's at the same moment."""

    percentile: StrictFloat = Field(
        ge=1, le=99.99, description="Which percentile, such as 50 or 99."
    )
    max_s: Seconds | None = Field(
        default=None, alias="max", description="The longest that it may be."
    )
    max_over_blue_s: Seconds | None = Field(
        default=None, alias="maxOverBlue", description="How much longer than blue's it may be."
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.max_s is None and self.max_over_blue_s is None:
            raise ValueError("limits nothing: give max, maxOverBlue or both")
        return self


class Check(Strict):
    """What every check has."""

    name: Label = Field(description="A DNS label, unique among the checks.")
    every_s: Seconds = Field(
        default=10.0, alias="every", gt=0, description="How often it is asked while a step holds."
    )
    timeout_s: Seconds = Field(
        default=5.0, alias="timeout", gt=0, description="How long one answer may take."
    )
    failures_max: StrictInt = Field(
        default=1,
        ge=0,
        le=1_000,
        alias="failuresMax",
        description="So many failures in a row are put up with; one more fails the gate.",
    )
    passes_min: StrictInt = Field(
        default=1,
        ge=0,
        le=1_000,
        alias="passesMin",
        description="So many good answers are needed before a step may end.",
    )


class HttpCheck(Check):
    """A request to green through the real gateway, and what its answer must be."""

    type: Literal["http"] = Field(description="An HTTP request through the gateway.")
    host: Host = Field(description="The host to ask for.")
    scheme: Literal["http", "https"] = Field(
        default="http", description="Over which of the gateway's listeners."
    )
    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PUT"] = Field(
        default="GET", description="The request's method."
    )
    path: str = Field(
        default="/", pattern=r"^/[\x21-\x7e]*$", max_length=8_000, description="Path and query."
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict, max_length=64, description="Further headers; no secrets."
    )
    headers_env: dict[HeaderName, EnvName] = Field(
        default_factory=dict,
        max_length=64,
        description="Further headers whose values stand in these environment variables.",
    )
    body: str | None = Field(default=None, max_length=65_536, description="The request's body.")
    status: tuple[Annotated[StrictInt, Field(ge=100, le=599)], ...] = Field(
        default=(200,), min_length=1, max_length=100, description="Status codes that are right."
    )
    contains: str | None = Field(
        default=None, max_length=1_000, description="Text that the answer's body has to contain."
    )
    matches: Regex | None = Field(
        default=None, description="A regular expression that has to be found in the body."
    )
    same_as_blue: StrictBool = Field(
        default=False, description="Whether blue has to give the same answer."
    )
    compare: Literal["body", "status"] = Field(
        default="body", description="What has to be the same: status and body, or the status alone."
    )
    ignore: tuple[Regex, ...] = Field(
        default=(),
        max_length=16,
        description="Regular expressions; what they match in both bodies may differ.",
    )

    @model_validator(mode="after")
    def _compares_with_something(self) -> Self:
        tell(
            Mistake((name,), "is about the comparison with blue", "add `sameAsBlue: true`")
            for name in ("compare", "ignore")
            if name in self.model_fields_set and not self.same_as_blue
        )
        return self


class PrometheusCheck(Check):
    """A query to a Prometheus, and between what its value must be."""

    type: Literal["prometheus"] = Field(description="A query to a Prometheus.")
    url: Url = Field(
        description="Where Prometheus answers, such as https://prometheus.example.com."
    )
    query: str = Field(
        min_length=1, max_length=8_000, description="PromQL; its answer must be one number."
    )
    min: StrictFloat | None = Field(
        default=None, allow_inf_nan=False, description="The least value that is right."
    )
    max: StrictFloat | None = Field(
        default=None, allow_inf_nan=False, description="The largest value that is right."
    )
    token_env: EnvName | None = Field(
        default=None, description="The environment variable that holds the bearer token."
    )
    token_file: FilePath | None = Field(
        default=None, description="The file that holds the bearer token; read at each query."
    )
    ca_file: FilePath | None = Field(
        default=None, description="PEM file of the CA; the system's own ones if absent."
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("limits nothing: give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        if self.token_env is not None and self.token_file is not None:
            raise ValueError("tokenEnv and tokenFile are two places for one token")
        return self


class CommandCheck(Check):
    """A command; exit code 0 is right, 75 is not known, any other one is wrong."""

    type: Literal["command"] = Field(description="A command on the machine that runs the upgrade.")
    run: Command = Field(description="The program and its arguments; no shell.")
    timeout_s: Seconds = Field(
        default=30.0, alias="timeout", gt=0, description="How long one answer may take."
    )


AnyCheck = Annotated[HttpCheck | PrometheusCheck | CommandCheck, Field(discriminator="type")]


def _default_latency() -> tuple[LatencyLimit, ...]:
    # The median shows a green that is slow throughout long before the tail does.
    return tuple(LatencyLimit(percentile=p, max_over_blue_s=0.03) for p in (50, 99))


class Analysis(Strict):
    """What has to hold while green gets traffic; judged against blue at the same moment."""

    min_requests: StrictInt = Field(
        default=100,
        ge=0,
        le=100_000_000,
        description="So many requests green has to answer in a step before it may end.",
    )
    max_wait_s: Seconds = Field(
        default=3_600.0,
        alias="maxWait",
        description="How long beyond its hold a step waits for them before it asks a person.",
    )
    false_alarms_percent: StrictFloat = Field(
        default=1.0,
        alias="falseAlarms",
        ge=0.1,
        le=5,
        description="Percent of upgrades with a healthy green that may be rolled back by mistake.",
    )
    success_rate: SuccessRate = Field(
        default_factory=SuccessRate, description="Which share of requests has to succeed."
    )
    latency: tuple[LatencyLimit, ...] = Field(
        default_factory=_default_latency,
        max_length=16,
        description="Limits of latency; p50 and p99 at most 30 ms over blue's if absent.",
    )
    checks: tuple[AnyCheck, ...] = Field(
        default=(), max_length=64, description="Checks of your own, asked while a step holds."
    )

    @field_validator("checks")
    @classmethod
    def _names_differ(cls, found: tuple[AnyCheck, ...]) -> tuple[AnyCheck, ...]:
        tell(check_names([check.name for check in found], "checks"))
        return found
