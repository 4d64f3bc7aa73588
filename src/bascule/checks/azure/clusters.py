"""Checks on the clusters themselves: running, at rest, and to be spoken to from here."""

from collections.abc import Iterator

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AksFacts, AzureFacts
from bascule.checks.azure.ids import same_id
from bascule.checks.findings import Finding, Severity

QUIET_CHANNELS = ("", "none", "unmanaged")


def check_same(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker when blue and green are one and the same cluster."""
    ids = [cluster.id for cluster in facts.clusters.values() if cluster.exists]
    if len(ids) < 2 or not same_id(ids[0], ids[1]):
        return ()
    return (
        blocker(
            "SameCluster",
            "platform",
            message=f"blue and green are the same cluster: {ids[0]}",
            remedy="name two clusters",
        ),
    )


def check_states(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a finding for each cluster that is stopped, failed, or being changed."""
    found: list[Finding] = []
    for role, cluster in facts.clusters.items():
        if cluster.exists:
            found += _judge_state(role, cluster)
    return tuple(found)


def check_api_servers(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each API server that does not answer from here."""
    return tuple(
        blocker(
            "ApiServerUnreached",
            role,
            message=f"the API server of {role} ({cluster.name}) is private and does not answer"
            f" from here: {cluster.unreached}",
            remedy="run Bascule where it does: on a machine or in a pod in the cluster's network"
            " or one peered with it, with the cluster's private DNS zone linked",
        )
        for role, cluster in facts.clusters.items()
        if cluster.exists and cluster.unreached
    )


def check_accounts(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a note for each cluster that only Entra identities may speak to."""
    return tuple(
        Finding(
            severity=Severity.INFO,
            code="LocalAccountsOff",
            subject=role,
            message=f"{role} ({cluster.name}) has its local accounts switched off: Bascule signs"
            " in to it with the token of its own identity",
            remedy="give that identity the role `Azure Kubernetes Service Cluster User Role`, and"
            " its rights inside the cluster",
        )
        for role, cluster in facts.clusters.items()
        if not cluster.has_local_accounts
    )


def check_auto_upgrades(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a warning for each cluster that Azure may upgrade while traffic moves."""
    found: list[Finding] = []
    for role, cluster in facts.clusters.items():
        channels = [
            f"{what} ({channel})"
            for what, channel in (
                ("the version", cluster.upgrade_channel),
                ("the nodes' images", cluster.node_os_channel),
            )
            if channel.lower() not in QUIET_CHANNELS
        ]
        if channels and cluster.exists:
            found.append(
                warning(
                    "AutoUpgradeOn",
                    role,
                    message=f"Azure upgrades {' and '.join(channels)} of {role} ({cluster.name})"
                    " by itself: nodes may be drained in the middle of a switch",
                    remedy="switch it off on both clusters until blue is gone: az aks update -n"
                    f" {cluster.name} --auto-upgrade-channel none --node-os-upgrade-channel None",
                )
            )
    return tuple(found)


def _judge_state(role: str, cluster: AksFacts) -> Iterator[Finding]:
    if not cluster.is_running:
        yield blocker(
            "ClusterStopped",
            role,
            message=f"{role} ({cluster.name}) is stopped: it serves nobody",
            remedy=f"start it: az aks start -n {cluster.name}",
        )
    state = cluster.state.lower()
    if state in {"failed", "canceled"}:
        yield warning(
            "ClusterFailed",
            role,
            message=f"the last change of {role} ({cluster.name}) ended as {cluster.state}",
            remedy="read why in its activity log; an update without changes often mends it",
        )
    elif state != "succeeded":
        yield warning(
            "ClusterBusy",
            role,
            message=f"{role} ({cluster.name}) is {cluster.state}: Azure refuses other changes"
            " until that is over",
            remedy="wait until it says Succeeded",
        )
