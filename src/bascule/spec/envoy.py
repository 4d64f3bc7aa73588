"""What a user writes about an Envoy that Bascule starts."""

from pydantic import Field, StrictInt

from bascule.spec.strict import FilePath, Strict


class EnvoyOptions(Strict):
    """How an Envoy of ours is run; what says nothing where Envoys are run elsewhere."""

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
