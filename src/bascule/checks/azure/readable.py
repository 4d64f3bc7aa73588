"""What could not be read is a finding of its own: other checks leave it out."""

from collections.abc import Iterator, Mapping

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.network_facts import SubnetFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding


def check_readable(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for a cluster or gateway that cannot be read, a warning for the rest.

    The node resource group is not looked at here: its own check says more.
    """
    vital = (facts.blue, facts.green, facts.gateway)
    return (
        *(_vital(each) for each in vital if isinstance(each, Unreadable)),
        *(_other(each) for each in _others(facts)),
    )


def _others(facts: AzureFacts) -> Iterator[Unreadable]:
    whole = (facts.versions, facts.sizes, facts.usages, facts.locks, facts.policies)
    yield from (each for each in whole if isinstance(each, Unreadable))
    parts: tuple[Mapping[str, object], ...] = (facts.subnets, facts.networks, facts.permissions)
    for mapping in parts:
        values = (mapping[key] for key in sorted(mapping))
        yield from (each for each in values if isinstance(each, Unreadable))
    for key in sorted(facts.subnets):
        subnet = facts.subnets[key]
        if isinstance(subnet, SubnetFacts):
            surrounding = (subnet.security_group, subnet.route_table)
            yield from (each for each in surrounding if isinstance(each, Unreadable))


def _vital(part: Unreadable) -> Finding:
    return blocker(
        "PlatformUnreadable",
        "platform",
        f"{part.what} cannot be read: {part.reason}",
        part.remedy or "give the caller the role Reader there",
    )


def _other(part: Unreadable) -> Finding:
    return warning(
        "NotChecked",
        "platform",
        f"{part.what} cannot be read, so that what depends on it is not checked: {part.reason}",
        part.remedy or "give the caller the role Reader there",
    )
