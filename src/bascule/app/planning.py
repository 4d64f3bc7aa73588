"""What `bascule plan` and `bascule upgrade start` share: a plan, and what is found of it."""

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from bascule.app import wiring
from bascule.app.checking import build_survey
from bascule.app.naming import find_state
from bascule.checks.azure.facts import Backends
from bascule.checks.findings import Finding, Severity, sort_findings
from bascule.checks.inventory import HostScope, Inventory
from bascule.checks.preflight import check_all
from bascule.clock import Clock
from bascule.gateway.driver import Observation, UpdateTimes
from bascule.ids import Cluster
from bascule.inventory.fetch import Asked, Question, fetch_inventory
from bascule.journal.record import Json
from bascule.routing.model import RoutingTable
from bascule.routing.weights import Split, Weights
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway
from bascule.spec.upgrade import AzurePlatform, Upgrade
from bascule.upgrade.plan.facts import ClusterName, Facts, PlatformFacts
from bascule.upgrade.plan.lint import lint_plan
from bascule.upgrade.plan.measured import measure_updates
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.planner import plan_upgrade
from bascule.upgrade.state import GatewayState


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan, and what stands against it or speaks about it: blockers first."""

    plan: Plan
    findings: tuple[Finding, ...] = ()

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """The findings for which the upgrade must not start."""
        return tuple(f for f in self.findings if f.severity is Severity.BLOCKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKnown:
    """What is known of the gateway that the spec names, before it is planned for."""

    state: GatewayState | None = None
    """The fold of its journal; None: no gateway has run yet, all traffic is on blue."""
    requests_per_s: float | None = None
    """How many requests it gets now; None is not known."""
    observation: Observation | None = None
    """What its runtime says of it; None: there is no runtime."""
    rehearsed: UpdateTimes | None = None
    """How long updates took that were made to measure it."""

    @property
    def update(self) -> UpdateTimes | None:
        """How long its updates take, by real ones if there were enough; None: not measured."""
        return measure_updates(self.state) or self.rehearsed


NOTHING_KNOWN = GatewayKnown()
_OFFLINE: Mapping[str, Json] = {"type": "azure", "is_offline": True}
"""Stands in a plan for which no cloud was asked; nobody can run it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What a platform would do for an upgrade, and what stands against it."""

    facts: PlatformFacts | None
    findings: tuple[Finding, ...] = ()


NO_STAGES = Stages(facts=None)
OFFLINE_STAGES = Stages(facts=PlatformFacts(make=_OFFLINE, remove=_OFFLINE))


async def prepare_plan(
    spec: Upgrade,
    known: GatewayKnown,
    *,
    clock: Clock,
    is_offline: bool = False,
    parent: str = "",
) -> Prepared:
    """Return the plan of `spec` for the clusters as they are now; changes nothing.

    `is_offline` asks no cluster. Raises SpecError for a kubeconfig that is wrong; a cluster that
    cannot be reached is a blocker among the findings. Raises PlanError where a cluster that has
    traffic would become another one.
    """
    stages = await _fetch_stages(spec, clock, is_offline=is_offline)
    state = find_state(spec.gateway_model(), known.state, is_offline=is_offline)
    known = replace(known, state=state)
    inventory = None if is_offline else await fetch_planning_inventory(spec, known, clock)
    facts = build_facts(spec, known, inventory)
    facts = replace(facts, at=clock.now(), parent=parent, platform=stages.facts)
    plan = plan_upgrade(spec, facts)
    findings = [*stages.findings, *lint_plan(plan, facts)]
    if inventory is not None:
        findings += check_all(inventory)
    return Prepared(plan=plan, findings=sort_findings(findings))


async def _fetch_stages(spec: Upgrade, clock: Clock, *, is_offline: bool) -> Stages:
    """Return what the platform would do; clusters that exist have none."""
    if not isinstance(spec.platform, AzurePlatform):
        return NO_STAGES
    if is_offline:
        return OFFLINE_STAGES
    from bascule.app.logs import set_up_logs
    from bascule.app.platform_planning import fetch_stages

    set_up_logs(least="warning")
    driver = spec.gateway_model().gateway
    backends = Backends(driver.backends) if isinstance(driver, AppGwGateway) else Backends.PODS
    return await fetch_stages(spec.platform, os.environ, clock, backends=backends)


async def fetch_planning_inventory(spec: Upgrade, known: GatewayKnown, clock: Clock) -> Inventory:
    """Ask both clusters of `spec`. Raises SpecError for a kubeconfig that is wrong."""
    gateway = spec.gateway_model()
    connections = wiring.load_connections(gateway)
    question = Question(
        at=clock.now(),
        options=wiring.build_options(gateway, active=Cluster.BLUE),
        scope=HostScope(include=spec.hosts.include, exclude=spec.hosts.exclude),
    )
    async with AsyncExitStack() as stack:
        asked = {
            cluster: Asked(
                client=await stack.enter_async_context(wiring.build_client(connection, clock)),
                name=connection.name,
                server=connection.server,
                is_awaited=connection.is_awaited,
            )
            for cluster, connection in connections.items()
        }
        inventory = await fetch_inventory(asked, question)
        inventory = await _survey(spec, known, inventory, asked=asked, clock=clock)
    unfinished = known.state.unfinished if known.state is not None else None
    return replace(
        inventory,
        observation=known.observation,
        unfinished=unfinished.name if unfinished is not None else "",
    )


async def _survey(
    spec: Upgrade,
    known: GatewayKnown,
    inventory: Inventory,
    *,
    asked: Mapping[Cluster, Asked],
    clock: Clock,
) -> Inventory:
    """Add what only Azure, and a look inside the clusters, tells of a gateway that is there."""
    gateway = spec.gateway_model()
    look = None
    if isinstance(gateway.gateway, AppGwGateway | AppGwEnvoyGateway):
        from bascule.app.appgw_planning import fetch_planned_facts
        from bascule.app.logs import set_up_logs

        set_up_logs(least="warning")
        update = known.update
        table = RoutingTable(routes=inventory.routes, split=_split(known))
        look = partial(
            fetch_planned_facts, gateway, gateway.gateway, table, update=update, clock=clock
        )
    is_looked_inside = isinstance(spec.platform, AzurePlatform)  # by the platform's own checks
    clients = {} if is_looked_inside else {cluster: one.client for cluster, one in asked.items()}
    return await build_survey(gateway, clients, look, clock).complete(inventory)


def build_facts(spec: Upgrade, known: GatewayKnown, inventory: Inventory | None) -> Facts:
    """Return what the planner has to know; without an inventory only what files tell."""
    facts = Facts(
        capabilities=wiring.capabilities_of(spec.gateway_model()),
        split=_split(known),
        retired=known.state.retired if known.state is not None else frozenset(),
        clusters={
            cluster: ClusterName(name=access.context or cluster.value)
            for cluster in Cluster
            for access in (spec.gateway_model().clusters.of(cluster),)
        },
        requests_per_s=known.requests_per_s,
        measured_update=known.update,
    )
    if inventory is None:
        return facts
    return replace(
        facts,
        routes=inventory.routes if inventory.is_known else None,
        has_request_log=None if inventory.appgw is None else inventory.appgw.has_access_log,
        clusters={
            cluster: ClusterName(name=of.name, version=of.version, server=of.server)
            for cluster, of in inventory.clusters.items()
        },
    )


def _split(known: GatewayKnown) -> Split:
    return known.state.split if known.state is not None else Split(Weights.all_to(Cluster.BLUE))
