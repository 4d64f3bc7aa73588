"""Plans of upgrades for tests: short, and with every kind of step."""

from collections.abc import Sequence

from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.routing.weights import Split, Weights
from bascule.upgrade.encoding import render_split
from bascule.upgrade.gates.encoding import render_gates
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.plan.arranging import render_arrangement
from bascule.upgrade.plan.model import Plan, Policy, Step, StepKind
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.signals import Order, StartUpgrade
from tests.support.orders import START

PREVIEW = Preview(header="x-bascule-preview")


def build_step(key: str, stage: Stage, kind: StepKind, **args: Json) -> Step:
    return Step(key=key, stage=stage, kind=kind, args=args, title=key)


def weights(green_percent: float) -> Step:
    split = Split(Weights(10_000 - round(green_percent * 100)))
    key = f"shift-{green_percent:g}"
    return build_step(key, Stage.SHIFT, StepKind.SET_WEIGHTS, split=render_split(split))


def by_host(*hosts: str, green: float = 100.0) -> Split:
    """Return the split in which these hosts alone go to green, or a share of their requests."""
    wanted = Weights(10_000 - round(green * 100))
    return Split(Weights.all_to(Cluster.BLUE), dict.fromkeys(hosts, wanted))


def set_split(key: str, split: Split) -> Step:
    return build_step(key, Stage.SHIFT, StepKind.SET_WEIGHTS, split=render_split(split))


def hold(key: str, stage: Stage, hold_s: float, gates: Gates | None = None) -> Step:
    rendered = render_gates(gates or Gates(has_traffic=False))
    return build_step(key, stage, StepKind.HOLD, hold_s=hold_s, gates=rendered)


def approval(gate: str, stage: Stage, typed: str | None = None) -> Step:
    return build_step(f"{gate}-approval", stage, StepKind.APPROVAL, gate=gate, typed=typed)


def hook(name: str, stage: Stage, *, is_repeatable: bool = False, undo: bool = True) -> Step:
    undone: list[Json] = ["undo", name]
    return build_step(
        f"hook-{name}",
        stage,
        StepKind.HOOK,
        run=["do", name],
        timeout_s=10.0,
        is_repeatable=is_repeatable,
        undo=undone if undo else None,
    )


def arrange(key: str, stage: Stage, arrangement: Arrangement) -> Step:
    return build_step(key, stage, StepKind.ARRANGE, arrangement=render_arrangement(arrangement))


def whole_steps(*, hold_s: float = 5.0, gates: Gates | None = None) -> tuple[Step, ...]:
    """Return an upgrade with every kind of step, no approval before the last one."""
    green = Cluster.GREEN.value
    mirrored = Arrangement(preview=PREVIEW, mirror=Mirror(share_bp=1000))
    return (
        build_step("preflight", Stage.PREFLIGHT, StepKind.CHECK),
        build_step("provision-green", Stage.PROVISION, StepKind.AWAIT_CLUSTER, cluster=green),
        build_step("sync", Stage.SYNC, StepKind.AWAIT_ROUTES, cluster=green, timeout_s=60.0),
        arrange("preview-on", Stage.VERIFY, Arrangement(preview=PREVIEW)),
        arrange("mirror-on", Stage.VERIFY, mirrored),
        hold("verify", Stage.VERIFY, hold_s),
        arrange("mirror-off", Stage.VERIFY, Arrangement(preview=PREVIEW)),
        weights(5),
        hold("shift-5-hold", Stage.SHIFT, hold_s, gates),
        hook("warm", Stage.SHIFT, is_repeatable=True),
        weights(50),
        hold("shift-50-hold", Stage.SHIFT, hold_s, gates),
        weights(100),
        hold("shift-100-hold", Stage.SHIFT, hold_s, gates),
        hook("move-data", Stage.SHIFT),
        hold("bake", Stage.BAKE, hold_s, gates),
        arrange("preview-off", Stage.BAKE, Arrangement()),
        hold("retire-hold", Stage.BAKE, hold_s),
        build_step("retire-idle", Stage.BAKE, StepKind.PROVE_IDLE, cluster="blue", quiet_s=hold_s),
        build_step("retire-blue", Stage.RETIRE, StepKind.RETIRE, cluster="blue"),
    )


def made_steps(*, hold_s: float = 5.0) -> tuple[Step, ...]:
    """Return an upgrade that makes green, and stops and removes blue."""
    blue, green = Cluster.BLUE.value, Cluster.GREEN.value
    return (
        build_step("preflight", Stage.PREFLIGHT, StepKind.CHECK),
        build_step("make-green", Stage.PROVISION, StepKind.MAKE_CLUSTER, cluster=green),
        build_step("provision-green", Stage.PROVISION, StepKind.AWAIT_CLUSTER, cluster=green),
        weights(100),
        build_step("retire-idle", Stage.BAKE, StepKind.PROVE_IDLE, cluster=blue, quiet_s=hold_s),
        build_step("stop-blue", Stage.BAKE, StepKind.STOP_CLUSTER, cluster=blue),
        hold("stopped-hold", Stage.BAKE, hold_s),
        build_step("retire-blue", Stage.RETIRE, StepKind.RETIRE, cluster=blue),
        build_step("remove-blue", Stage.RETIRE, StepKind.REMOVE_CLUSTER, cluster=blue),
    )


def build_plan(
    steps: Sequence[Step] | None = None, *, policy: Policy | None = None, name: str = "up"
) -> Plan:
    return Plan(
        name=name,
        gateway="shop",
        steps=tuple(steps if steps is not None else whole_steps()),
        policy=policy or Policy(),
        clusters={"blue": {"name": "old"}, "green": {"name": "new"}},
    )


def start_order(plan: Plan, order_id: str = "run-1") -> Order:
    return Order(id=CommandId(order_id), at=START, actor="ada@desk", signal=StartUpgrade(plan))
