"""Checks for other writers of the gateway, AGIC above all: two writers undo each other's work."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import (
    AksFacts,
    AzureFacts,
    ControllerFacts,
    ControllerKind,
    InsideFacts,
)
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.ids import name_of, same_id
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding, Severity
from bascule.checks.text import render_count, render_names

_REPLACES = (
    "AGIC takes the whole gateway for its own: with its next event it replaces what anyone else"
    " wrote, so that a switch would be undone"
)
_RUNNING = frozenset({ControllerKind.DEPLOYMENT, ControllerKind.POD})
_REMEDY_BY_KIND = {
    ControllerKind.HELM: "uninstall the release, or scale its Deployment to zero, before the first"
    " write of Bascule",
    ControllerKind.GITOPS: "suspend or remove it first, else it brings AGIC back after it is gone",
    ControllerKind.DEPLOYMENT: "scale it to zero before the first write of Bascule; if it is that"
    " of AKS's add-on, disable that: az aks disable-addons -a ingress-appgw",
    ControllerKind.POD: "delete it before the first write of Bascule, and what made it",
}


def check_addons(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each cluster whose add-on writes the gateway, a note for another's."""
    found: list[Finding] = []
    for role, cluster in facts.clusters.items():
        if cluster.has_agic and cluster.exists:
            found.append(_addon(role, cluster, facts.gateway))
    return tuple(found)


def check_inside(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each sign of AGIC inside a cluster, a warning where nobody looked."""
    found: list[Finding] = []
    for role, cluster in facts.clusters.items():
        inside = facts.inside.get(role)
        if not cluster.exists:
            continue
        if inside is None:
            found.append(_nobody_looked(role, cluster.name))
        else:
            found += judge_inside(role, cluster.name, inside)
    return tuple(found)


def check_gitops(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a warning for each cluster to which Flux applies what somebody else may change."""
    found: list[Finding] = []
    for role, seen in sorted(facts.gitops.items()):
        if isinstance(seen, Unreadable):
            found.append(_unseen(role, seen))
        elif seen:
            found.append(
                warning(
                    "GitOpsInUse",
                    role,
                    f"Flux applies {render_names(seen, 'configurations')} to {role}: what is"
                    " stopped there by hand, such as AGIC, comes back by itself",
                    "see what they hold, and change it at its source",
                )
            )
    return tuple(found)


def check_marks(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return what AGIC left on the gateway: its tags, and its objects with the hosts they serve."""
    gateway = facts.gateway
    if isinstance(gateway, Unreadable):
        return ()
    return (*judge_tags(gateway), *_objects(gateway))


def _addon(role: str, cluster: AksFacts, gateway: GatewayFacts | Unreadable) -> Finding:
    told = cluster.agic_gateway_id
    if told and isinstance(gateway, GatewayFacts) and not same_id(told, gateway.id):
        return Finding(
            severity=Severity.INFO,
            code="AgicElsewhere",
            subject=role,
            message=f"the add-on ingressApplicationGateway of {role} ({cluster.name}) writes"
            f" another gateway: {name_of(told)}",
        )
    return blocker(
        "AgicAddOn",
        role,
        message=f"the add-on ingressApplicationGateway of {role} ({cluster.name}) writes this"
        f" gateway. {_REPLACES}",
        remedy="disable the add-on before the first write of Bascule: az aks disable-addons -a"
        f" ingress-appgw -n {cluster.name}; a gateway that the add-on made goes with it",
    )


def judge_inside(role: str, name: str, inside: InsideFacts | Unreadable) -> Iterator[Finding]:
    """Yield a blocker for each AGIC that works inside a cluster, and what could not be seen."""
    if isinstance(inside, Unreadable):
        yield _unseen(role, inside)
        return
    yield from (_controller(role, name, each) for each in _put_to_sleep(inside.controllers))
    yield from (_unseen(role, each) for each in inside.unseen)


def _put_to_sleep(signs: Sequence[ControllerFacts]) -> Iterator[ControllerFacts]:
    """Yield the signs; of a Helm release whose Deployments were all scaled to zero, as idle."""
    awake = {s.namespace for s in signs if s.kind in _RUNNING and not s.is_idle}
    asleep = {s.namespace for s in signs if s.kind in _RUNNING} - awake
    for sign in signs:
        is_asleep = sign.kind is ControllerKind.HELM and sign.namespace in asleep
        yield replace(sign, is_idle=True) if is_asleep else sign


def _nobody_looked(role: str, name: str) -> Finding:
    return warning(
        "InsideNotLooked",
        role,
        message=f"nobody looked inside {role} ({name}): AGIC as a Helm release, GitOps"
        " object or Deployment would not have been seen",
        remedy="name a kubeconfig that may read it",
    )


def _unseen(role: str, part: Unreadable) -> Finding:
    return warning(
        "InsideUnreadable",
        role,
        message=f"{part.what} of {role} cannot be read, so a sign of AGIC there would not be"
        f" seen: {part.reason}",
        remedy=part.remedy or "use a kubeconfig that may list them",
    )


def _controller(role: str, name: str, sign: ControllerFacts) -> Finding:
    where = f"{sign.namespace}/{sign.name}"
    if sign.is_idle:
        return Finding(
            severity=Severity.INFO,
            code="AgicIdle",
            subject=role,
            message=f"AGIC is in {role} ({name}) as the {sign.kind} {where}, and does nothing now",
            remedy="see that nothing wakes it up until the upgrade is over",
        )
    return blocker(
        "AgicInside",
        role,
        message=f"AGIC is in {role} ({name}) as the {sign.kind} {where}. {_REPLACES}",
        remedy=_REMEDY_BY_KIND[sign.kind],
    )


def judge_tags(gateway: GatewayFacts) -> Iterator[Finding]:
    """Yield a blocker for a gateway that bears the tags of AGIC."""
    if not gateway.is_marked_by_agic:
        return
    of = f" of the cluster {name_of(gateway.agic_cluster_id)}" if gateway.agic_cluster_id else ""
    yield blocker(
        "AgicOwnsGateway",
        "gateway",
        message=f"{gateway.name} bears the tag of the AGIC{of}. {_REPLACES}",
        remedy="take the gateway over: `bascule gateway adopt -f gateway.yaml --plan` shows how;"
        " where that AGIC is gone for good, remove the tags managed-by-k8s-ingress and"
        " ingress-for-aks-cluster-id",
    )


def _objects(gateway: GatewayFacts) -> Iterator[Finding]:
    agic = gateway.agic
    if not agic.names:
        return
    hosts = render_names(gateway.hosts, "hosts")
    yield warning(
        "AgicObjects",
        "gateway",
        message=f"{render_count(len(agic.names), 'object')} of {gateway.name} have AGIC's names and"
        f" serve {hosts}: they hold blue's addresses, and once AGIC is gone nobody follows its"
        " pods, so that requests to pods that are replaced fail",
        remedy="let Bascule take these hosts over before AGIC is stopped for good: `bascule gateway"
        " adopt`",
    )
    if agic.others:
        yield warning(
            "AgicMayDelete",
            "gateway",
            message=f"AGIC did not make {render_names(agic.others, 'objects')} of {gateway.name}:"
            " while it runs it deletes what it does not know, unless told to share",
            remedy="keep a copy of the gateway's document before anything is changed",
        )
