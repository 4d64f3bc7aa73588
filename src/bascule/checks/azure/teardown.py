"""What stands against deleting a cluster: its node resource group goes with all that is in it.

Pure, so that preflight finds long before what the stage retire would refuse.
"""

from collections.abc import Iterator

from bascule.checks.azure.blocking import blocker
from bascule.checks.azure.facts import AzureFacts, GroupResource, NodeGroupFacts
from bascule.checks.azure.ids import name_of
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding, Severity
from bascule.checks.text import render_count, render_names

LASTING_KINDS = {
    "microsoft.network/applicationgateways": "gateway",
    "microsoft.network/virtualnetworks": "network",
    "microsoft.network/virtualnetworks/subnets": "subnet",
    "microsoft.compute/disks": "disk",
    "microsoft.compute/snapshots": "snapshot",
    "microsoft.network/publicipaddresses": "public address",
    "microsoft.network/privateendpoints": "private endpoint",
    "microsoft.managedidentity/userassignedidentities": "identity",
}
"""What may hold data, or what others may depend on; by type, in lower case."""


def check_teardown(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return what stands against deleting blue, and the list of all that would go with it."""
    return check_node_group(facts.node_group, facts.approved, subject="blue")


def check_node_group(
    group: NodeGroupFacts | Unreadable, approved: frozenset[str], *, subject: str
) -> tuple[Finding, ...]:
    """Return a blocker for all that must not go with a cluster, or that nobody approved.

    `approved` holds names or ids, compared without case. What something outside the cluster uses
    cannot be approved. A group that cannot be read is a blocker too.
    """
    if isinstance(group, Unreadable):
        return (_unreadable(group, subject),)
    names = frozenset(name.lower() for name in approved)
    found = [finding for each in group.resources for finding in _judge(each, names, subject)]
    found += [_unseen(group, part, subject) for part in group.unseen]
    return (*found, *_listing(group, subject))


def list_lasting(group: NodeGroupFacts) -> tuple[str, ...]:
    """Return ids of what may hold data or be depended on: what a plan shows for approval."""
    return tuple(sorted(each.id for each in group.resources if each.kind.lower() in LASTING_KINDS))


def _judge(resource: GroupResource, approved: frozenset[str], subject: str) -> Iterator[Finding]:
    kind = LASTING_KINDS.get(resource.kind.lower())
    if resource.users:
        users = render_names([name_of(user) for user in resource.users], "others")
        yield blocker(
            "UsedOutside",
            subject,
            f"the {kind or _words(resource.kind)} {resource.name} would go with {subject}, and"
            f" {users} outside the cluster would lose it",
            "move what uses it to something of its own first; this cannot be approved away",
        )
    elif kind is not None and not approved & {resource.name.lower(), resource.id.lower()}:
        yield blocker(
            "NotApproved",
            subject,
            f"the {kind} {resource.name} would go with {subject}, and nobody has approved that",
            f"keep what is needed of it; then approve it: --approve {resource.name}",
        )


def _words(kind: str) -> str:
    return kind.rpartition("/")[2]


def _unreadable(group: Unreadable, subject: str) -> Finding:
    return blocker(
        "NodeGroupUnreadable",
        subject,
        f"{group.what} cannot be read, so that nobody knows what would go with {subject}:"
        f" {group.reason}",
        group.remedy or "give the caller the role Reader, or `bascule rights --role viewer`, there",
    )


def _unseen(group: NodeGroupFacts, part: Unreadable, subject: str) -> Finding:
    return blocker(
        "UsersUnreadable",
        subject,
        f"{part.what} cannot be read, so that nobody knows who uses what in {group.name}:"
        f" {part.reason}",
        part.remedy or "give the caller the role Reader on the subscription",
    )


def _listing(group: NodeGroupFacts, subject: str) -> Iterator[Finding]:
    if group.resources:
        names = sorted(f"{each.name} ({_words(each.kind)})" for each in group.resources)
        yield Finding(
            severity=Severity.INFO,
            code="GoesWithCluster",
            subject=subject,
            message=f"{render_count(len(names), 'resource')} of {group.name} would go with"
            f" {subject}: {', '.join(names)}",
        )
