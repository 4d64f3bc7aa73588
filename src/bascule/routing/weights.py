"""Weights that never lose a hundredth of a percent.

A weight is an integer of hundredths of a percent (`weight_bp`, 0 to 10,000), and the weights of a
split sum to 10,000. Users read and write percent with at most two decimals.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bascule.errors import PlanError
from bascule.ids import Cluster

TOTAL_BP = 10_000

_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?%?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Weights:
    """How requests are split between the two clusters; green gets what blue does not."""

    blue_bp: int

    def __post_init__(self) -> None:
        if not 0 <= self.blue_bp <= TOTAL_BP:
            raise PlanError(f"a weight of {self.blue_bp / 100:g} % is not between 0 and 100")

    @property
    def green_bp(self) -> int:
        """The share of green in hundredths of a percent."""
        return TOTAL_BP - self.blue_bp

    def of(self, cluster: Cluster) -> int:
        """Return the share of `cluster` in hundredths of a percent."""
        return self.blue_bp if cluster is Cluster.BLUE else self.green_bp

    @property
    def only(self) -> Cluster | None:
        """The cluster that gets everything, if one does."""
        if self.blue_bp == TOTAL_BP:
            return Cluster.BLUE
        return Cluster.GREEN if self.blue_bp == 0 else None

    @classmethod
    def all_to(cls, cluster: Cluster) -> "Weights":
        """Return the split that sends everything to `cluster`."""
        return cls(TOTAL_BP if cluster is Cluster.BLUE else 0)


def _no_overrides() -> Mapping[str, Weights]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Split:
    """The operator's wanted weights: one for all hosts, and one for each host that has its own.

    Host names in `by_host` are lower case, as in the routing table (`*.example.com` for wildcards).
    """

    default: Weights
    by_host: Mapping[str, Weights] = field(default_factory=_no_overrides)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_host", MappingProxyType(dict(sorted(self.by_host.items()))))

    def for_host(self, host: str) -> Weights:
        """Return the wanted weights of `host`."""
        return self.by_host.get(host, self.default)


def parse_percent(text: str) -> int:
    """Return percent text (`5`, `0.01`, `12.5%`) in hundredths of a percent.

    Raises PlanError when it is not a number from 0 to 100 with at most two decimals.
    """
    match = _PERCENT.fullmatch(text.strip())
    value = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else -1
    if not 0 <= value <= TOTAL_BP:
        raise PlanError(
            f"{text!r} is not a percentage from 0 to 100",
            remedy="write a number with at most two decimals, such as 5 or 0.25",
        )
    return value


def parse_weights(texts: Mapping[str, str]) -> Weights:
    """Return the split for `{"blue": "90", "green": "10"}`; one of the two may be left out.

    Raises PlanError for an unknown cluster, none at all, or a sum other than 100 %.
    """
    unknown = sorted(set(texts) - {c.value for c in Cluster})
    if unknown or not texts:
        raise PlanError(
            f"unknown cluster {unknown[0]!r}" if unknown else "no weights given",
            remedy="write blue=PERCENT green=PERCENT",
        )
    parts = {Cluster(name): parse_percent(text) for name, text in texts.items()}
    if len(parts) == 1:
        ((cluster, share),) = parts.items()
        return Weights(share if cluster is Cluster.BLUE else TOTAL_BP - share)
    total = sum(parts.values())
    if total != TOTAL_BP:
        raise PlanError(f"the weights add up to {total / 100:g} %, not to 100 %")
    return Weights(parts[Cluster.BLUE])


def render_percent(weight_bp: int) -> str:
    """Return hundredths of a percent as a person writes it: `5 %`, `0.01 %`, `12.5 %`."""
    return f"{weight_bp / 100:g} %"
