"""Checks on locks and policies: what Azure itself would refuse an upgrade."""

from collections.abc import Iterator

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AksFacts, AzureFacts, Lock
from bascule.checks.azure.ids import is_below, name_of, resource_group_id, subscription_id
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding, Severity
from bascule.checks.text import render_names

READ_ONLY = "readonly"


def check_locks(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each lock that forbids writes, a warning for one that keeps blue."""
    if isinstance(facts.locks, Unreadable):
        return ()
    return tuple(finding for lock in facts.locks for finding in _judge(facts, lock))


def check_policies(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return what is to be said of the policies in force; what they deny shows when green is."""
    if isinstance(facts.policies, Unreadable) or not facts.policies:
        return ()
    denying = [policy.name for policy in facts.policies if policy.effect.lower() == "deny"]
    names = denying or [policy.name for policy in facts.policies]
    if denying:
        what = "may refuse green: they deny what does not comply"
    else:
        what = "are in force; whether they refuse green cannot be told from here"
    return (
        Finding(
            severity=Severity.WARNING if denying else Severity.INFO,
            code="PoliciesInForce",
            subject="green",
            message=f"the policies {render_names(names, 'policies')} {what}",
            remedy="let `az deployment group validate` or a first apply show it, before the day",
        ),
    )


def _judge(facts: AzureFacts, lock: Lock) -> Iterator[Finding]:
    held = _held(facts, lock)
    if lock.level.lower() == READ_ONLY:
        if held:
            yield blocker(
                "LockedAgainstWrites",
                held[0][0],
                message=f"the lock {lock.name} on {_place(lock)} forbids every write to"
                f" {' and '.join(name for _, name in held)}: no switch is possible",
                remedy="remove the lock, or replace it with one against deletion",
            )
        return
    if isinstance(facts.blue, AksFacts) and _holds_blue(facts.blue, lock):
        yield warning(
            "LockedAgainstDeletion",
            "blue",
            message=f"the lock {lock.name} on {_place(lock)} forbids to delete blue: the stage"
            " retire would be refused",
            remedy="remove the lock when blue is to go, not before",
        )


def _held(facts: AzureFacts, lock: Lock) -> list[tuple[str, str]]:
    """Return what an upgrade writes and the lock holds: subject and name."""
    written: list[tuple[str, str, str]] = []
    if not isinstance(facts.gateway, Unreadable):
        written.append(("gateway", facts.gateway.name, facts.gateway.id))
    if isinstance(facts.blue, AksFacts):
        written.append(("blue", facts.blue.name, facts.blue.id))
    return [(subject, name) for subject, name, held in written if is_below(held, lock.scope)]


def _holds_blue(blue: AksFacts, lock: Lock) -> bool:
    group = f"{subscription_id(blue.id)}/resourceGroups/{blue.node_group}"
    return is_below(blue.id, lock.scope) or (
        bool(blue.node_group)
        and (is_below(group, lock.scope) or is_below(resource_group_id(lock.scope), group))
    )


def _place(lock: Lock) -> str:
    return name_of(lock.scope)
