"""What an operator asks for, with who and why: a command of the inbox as a typed value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from bascule.errors import JournalError, PlanError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.journal.store import Command
from bascule.routing.weights import Weights
from bascule.upgrade.encoding import read_names, read_object, read_text
from bascule.upgrade.plan.model import Plan, parse_plan, render_plan

EVERY_HOST = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Move everything to `target`, if `source` is the active cluster (Patroni's rule)."""

    source: Cluster
    target: Cluster
    is_forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeights:
    """Split the requests so; of one host, or of every host (`EVERY_HOST`) without its own split."""

    weights: Weights
    host: str = EVERY_HOST
    is_forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """Go back to the split before the last switch or shift."""

    cancels: tuple[str, ...] = ()
    """Whose operations on the gateway it may cancel; those of others are waited for."""


@dataclass(frozen=True, slots=True)
class StartUpgrade:
    """Begin the upgrade of this plan; the order's id becomes the run's id."""

    plan: Plan


class UpgradeVerb(StrEnum):
    """What an operator can say to a running upgrade, and what goes with it (`data`)."""

    APPROVE = "approve"
    """{gate, typed}: `gate` empty means the one that waits."""
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    """Give up while green takes no traffic."""
    ROLLBACK = "rollback"
    """{cancels}: as of `RollBack`; said again while it runs, it adds to whom it names."""
    WEIGHTS = "weights"
    """{blue_bp}: set by hand; the upgrade is paused by it."""
    RETRY = "retry"
    ANSWER = "answer"
    """{answer: done|redo|skip}: of a step in doubt."""
    EXTEND = "extend"
    """{by_s}: hold longer before retire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteerUpgrade:
    """Say something to the upgrade `name`."""

    name: str
    verb: UpgradeVerb
    data: Mapping[str, Json] = field(default_factory=dict)


SplitSignal: TypeAlias = Switch | SetWeights | RollBack
Signal: TypeAlias = SplitSignal | StartUpgrade | SteerUpgrade
UPGRADE_PREFIX = "upgrade_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A signal with its idempotency key, its sender and the sender's reason."""

    id: CommandId
    at: datetime
    actor: str
    signal: Signal
    reason: str = ""

    @property
    def kind(self) -> str:
        """The name of the verb that sends it."""
        match self.signal:
            case Switch():
                return "switch"
            case SetWeights():
                return "weights"
            case RollBack():
                return "rollback"
            case StartUpgrade():
                return UPGRADE_PREFIX + "start"
            case SteerUpgrade():
                return UPGRADE_PREFIX + self.signal.verb.value
            case _:
                assert_never(self.signal)


def build_command(order: Order) -> Command:
    """Return `order` as it goes into the inbox."""
    data = {**_signal_data(order.signal), "reason": order.reason}
    return Command(id=order.id, at=order.at, actor=order.actor, kind=order.kind, data=data)


def parse_order(command: Command) -> Order:
    """Return the order that `command` carries. Raises PlanError when it is none of ours."""
    try:
        return Order(
            id=command.id,
            at=command.at,
            actor=command.actor,
            signal=_parse_signal(command),
            reason=read_text(command.data, "reason", default=""),
        )
    except (JournalError, ValueError) as error:
        raise PlanError(f"the command {command.id} cannot be understood: {error}") from error


def _signal_data(signal: Signal) -> dict[str, Json]:
    match signal:
        case Switch():
            return {
                "from": signal.source.value,
                "to": signal.target.value,
                "force": signal.is_forced,
            }
        case SetWeights():
            weights: dict[str, Json] = {
                "blue_bp": signal.weights.blue_bp,
                "green_bp": signal.weights.green_bp,
            }
            return {"weights": weights, "host": signal.host, "force": signal.is_forced}
        case RollBack():
            return {"cancels": list(signal.cancels)}
        case StartUpgrade():
            return {"plan": render_plan(signal.plan), "digest": signal.plan.digest}
        case SteerUpgrade():
            return {"name": signal.name, "data": dict(signal.data)}
        case _:
            assert_never(signal)


def _parse_signal(command: Command) -> Signal:
    data = command.data
    is_forced = data.get("force") is True
    match command.kind:
        case "switch":
            return Switch(
                source=Cluster(read_text(data, "from")),
                target=Cluster(read_text(data, "to")),
                is_forced=is_forced,
            )
        case "weights":
            blue = read_object(data.get("weights"), "weights").get("blue_bp")
            if not isinstance(blue, int):
                raise JournalError("blue_bp is not a whole number")
            return SetWeights(
                weights=Weights(blue),
                host=read_text(data, "host", default=EVERY_HOST),
                is_forced=is_forced,
            )
        case "rollback":
            return RollBack(cancels=read_names(data, "cancels"))
        case "upgrade_start":
            plan = parse_plan(data.get("plan"))
            if plan.digest != data.get("digest"):
                raise JournalError("the plan is not the one that was approved: its digest differs")
            return StartUpgrade(plan)
        case kind if kind.startswith(UPGRADE_PREFIX):
            return SteerUpgrade(
                name=read_text(data, "name"),
                verb=UpgradeVerb(kind.removeprefix(UPGRADE_PREFIX)),
                data=read_object(data.get("data"), "data"),
            )
        case _:
            raise JournalError(f"there is no verb {command.kind!r}")
