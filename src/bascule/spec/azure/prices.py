"""A file of prices, which nobody but the user can know: what a machine costs an hour."""

from typing import Annotated

from pydantic import Field, StrictFloat

from bascule.spec.strict import Strict

Price = Annotated[StrictFloat, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class Prices(Strict):
    """Prices an hour, by size of machine and by tier of a cluster."""

    currency: str = Field(
        default="", max_length=8, description="In which currency; shown with each sum."
    )
    machines: dict[str, Price] = Field(
        min_length=1,
        max_length=2_000,
        description="A machine of that size for an hour, such as Standard_D4s_v5.",
    )
    tiers: dict[str, Price] = Field(
        default_factory=dict,
        max_length=10,
        description="A cluster of that tier for an hour: Free, Standard, Premium.",
    )
