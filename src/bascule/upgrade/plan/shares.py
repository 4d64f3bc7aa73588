"""Which split each step of a shift asks for: only what the upgrade moves is moved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bascule.ids import Cluster
from bascule.routing.weights import TOTAL_BP, Split, Weights
from bascule.spec.traffic import Hosts, StepSpec, name_steps

NAMED_MAX = 3
"""How many hosts a title names."""
_GREEN = Weights.all_to(Cluster.GREEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What green gets from one step on; `whole_hosts` are those that earlier steps gave it."""

    key: str
    step: StepSpec
    split: Split
    whole_hosts: tuple[str, ...] = ()


def plan_shares(steps: Sequence[StepSpec], hosts: Hosts, current: Split) -> Iterator[Share]:
    """Yield the split that each step asks for; hosts that green has whole stay with it."""
    split = current
    whole: tuple[str, ...] = ()
    for key, step in zip(name_steps(steps), steps, strict=True):
        if step.hosts:
            split = _with_hosts(split, step.hosts)
        else:
            split = plan_split(hosts, current, step.weight_bp)
            split = split if step.weight_bp == TOTAL_BP else _with_hosts(split, whole)
        yield Share(key=key, step=step, split=split, whole_hosts=whole)
        whole = (*whole, *step.hosts)


def _with_hosts(split: Split, hosts: Sequence[str]) -> Split:
    return Split(split.default, {**split.by_host, **dict.fromkeys(hosts, _GREEN)})


def plan_split(hosts: Hosts, current: Split, green_bp: int) -> Split:
    """Return the split in which green has `green_bp` of what the upgrade moves.

    With included hosts the others stay where they are; excluded ones always do.
    """
    weights = Weights(Weights.all_to(Cluster.BLUE).blue_bp - green_bp)
    stays = {host: current.for_host(host) for host in hosts.exclude}
    if not hosts.include:
        return Split(weights, stays)
    return Split(
        current.default, {**current.by_host, **dict.fromkeys(hosts.include, weights), **stays}
    )


def is_partial(split: Split) -> bool:
    """Return whether some hosts go by other weights than the rest."""
    return any(weights != split.default for weights in split.by_host.values())


def render_names(hosts: Sequence[str]) -> str:
    """Return host names for a title: the first ones, and how many more there are."""
    more = len(hosts) - NAMED_MAX
    shown = ", ".join(hosts[:NAMED_MAX])
    return f"{shown} and {more} more" if more > 0 else shown
