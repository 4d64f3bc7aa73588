"""Commands of the user's own, at their place in the upgrade."""

from collections.abc import Iterator

from bascule.spec.durations import render_duration
from bascule.spec.operations import Hook
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.stages import Stage


def plan_hooks(spec: Upgrade, place: str, stage: Stage) -> Iterator[Step]:
    """Return the steps of the hooks that run after `place`, as the spec names it."""
    return (_plan_hook(hook, stage) for hook in spec.hooks if hook.after == place)


def _plan_hook(hook: Hook, stage: Stage) -> Step:
    undo = "is undone in a rollback" if hook.undo is not None else "is not undone in a rollback"
    return Step(
        key=hook_key(hook.name),
        stage=stage,
        kind=StepKind.HOOK,
        args={
            "run": [*hook.run],
            "timeout_s": hook.timeout_s,
            "is_repeatable": hook.repeatable,
            "undo": None if hook.undo is None else [*hook.undo],
        },
        title=f"run {hook.run[0]}",
        reason=f"the hook {hook.name} of the spec, after {hook.after}; it {undo}; at most "
        f"{render_duration(hook.timeout_s)}",
    )


def hook_key(name: str) -> str:
    """Return the key of a hook's step."""
    return f"hook-{name}"
