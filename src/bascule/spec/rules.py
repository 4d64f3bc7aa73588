"""What has to hold between the fields of an upgrade."""

from collections.abc import Iterator, Sequence

from bascule.spec.analysis import AnyCheck, HttpCheck
from bascule.spec.document import FieldPath
from bascule.spec.gateway import ClusterAccess, GatewaySettings
from bascule.spec.mistakes import Mistake
from bascule.spec.operations import Hook, Retire, Rollback
from bascule.spec.traffic import ALL_BP, Hosts, Preview, StepSpec, name_steps


def check_steps(steps: Sequence[StepSpec]) -> Iterator[Mistake]:
    """Weights rise from step to step, no host comes twice, and the last step is all."""
    before = 0
    seen: set[str] = set()
    for index, step in enumerate(steps):
        if not step.hosts and step.weight_bp <= before:
            said = f"{step.weight_bp / 100:g} is not above {before / 100:g}, the weight before it"
            yield Mistake((index, "weight"), said, "let weights rise from step to step")
        for host in step.hosts:
            if host in seen:
                said = f"{host} is green's already"
                yield Mistake((index, "hosts"), said, "name each host once")
        before = step.weight_bp or before
        seen.update(step.hosts)
    last = steps[-1]
    if last.hosts:
        said = "the last step moves some hosts, not all"
        yield Mistake((len(steps) - 1, "hosts"), said, "end with `- weight: 100`")
    elif last.weight_bp != ALL_BP:
        said = f"the last step gives green {last.weight_bp / 100:g} %, not all"
        yield Mistake((len(steps) - 1, "weight"), said, "end with `- weight: 100`")


def check_step_hosts(steps: Sequence[StepSpec], hosts: Hosts) -> Iterator[Mistake]:
    """Only hosts that the upgrade moves are named by its steps."""
    for index, step in enumerate(steps):
        path: FieldPath = ("steps", index, "hosts")
        for host in step.hosts:
            if host in hosts.exclude:
                yield Mistake(path, f"{host} stays on blue", "take it out of hosts.exclude")
            elif hosts.include and host not in hosts.include:
                said = f"{host} is not among the hosts that go to green"
                yield Mistake(path, said, "add it to hosts.include")


def check_clusters(blue: ClusterAccess, green: ClusterAccess) -> Iterator[Mistake]:
    """They are two."""
    if blue == green:
        yield Mistake(
            ("platform", "green"), "blue and green are the same cluster", "name another context"
        )


def check_hooks(hooks: Sequence[Hook], steps: Sequence[StepSpec]) -> Iterator[Mistake]:
    """Each runs after something that exists, and its name is no step's."""
    places = hook_places(steps)
    for index, hook in enumerate(hooks):
        path: FieldPath = ("hooks", index)
        if hook.after not in places:
            said = f"there is no step {hook.after!r}"
            yield Mistake((*path, "after"), said, f"one of: {', '.join(places)}")
        if hook.name in places:
            yield Mistake((*path, "name"), f"{hook.name!r} is the name of a step already")


def hook_places(steps: Sequence[StepSpec]) -> tuple[str, ...]:
    """Return what a hook may run after, in the order of the upgrade."""
    return ("sync", "verify", *name_steps(steps), "bake")


def check_rollback(
    rollback: Rollback, hooks: Sequence[Hook], steps: Sequence[StepSpec]
) -> Iterator[Mistake]:
    """From where on a rollback is unsafe is said once, and of something that exists."""
    unsafe = [index for index, hook in enumerate(hooks) if hook.makes_rollback_unsafe]
    said_before = [f"hooks[{index}].makesRollbackUnsafe" for index in unsafe]
    if rollback.unsafe_after:
        known = (*hook_places(steps), *(hook.name for hook in hooks))
        if rollback.unsafe_after not in known:
            said = f"there is no step or hook {rollback.unsafe_after!r}"
            yield Mistake(("rollback", "unsafeAfter"), said, f"one of: {', '.join(known)}")
        said_before.insert(0, "rollback.unsafeAfter")
    if len(said_before) > 1 and unsafe:
        said = f"{said_before[0]} says already from where on a rollback is unsafe"
        yield Mistake(
            ("hooks", unsafe[-1], "makesRollbackUnsafe"), said, "say it once, of the first of them"
        )


def check_checks(
    checks: Sequence[AnyCheck], preview: Preview | None, gateway: GatewaySettings
) -> Iterator[Mistake]:
    """HTTP checks reach green by the preview header, over a listener that the gateway has."""
    schemes = {"https" if listener.tls else "http" for listener in gateway.listeners}
    for index, check in enumerate(checks):
        path: FieldPath = ("analysis", "checks", index)
        if not isinstance(check, HttpCheck):
            continue
        if preview is None:
            field = "sameAsBlue" if check.same_as_blue else "type"
            said = "an HTTP check reaches the clusters by the preview header, and preview is off"
            yield Mistake((*path, field), said, "leave `preview: off` out")
        if check.scheme not in schemes:
            said = f"the gateway has no listener for {check.scheme}"
            yield Mistake((*path, "scheme"), said, f"use {' or '.join(sorted(schemes))}")


def check_retire(retire: Retire, hosts: Hosts) -> Iterator[Mistake]:
    """Blue stays while it has hosts."""
    if retire.policy != "never" and (hosts.include or hosts.exclude):
        yield Mistake(
            ("retire",) if "policy" not in retire.model_fields_set else ("retire", "policy"),
            "some hosts stay on blue, so blue cannot be retired",
            "write `retire: {policy: never}`, and retire it with the last hosts",
        )
