"""How take-overs are shown to people and to scripts."""

from collections.abc import Iterable, Iterator, Mapping

from bascule.app.gateways.adopting import Adoption, AdoptionPlan
from bascule.app.gateways.agic import Controller
from bascule.app.gateways.releasing import Release, ReleasePlan
from bascule.checks.text import render_count
from bascule.gateway.appgw.adoption import Exchange
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    PROBES,
    REDIRECTS,
    REWRITES,
    RULES,
    SETTINGS,
)
from bascule.journal.record import Json

PROBLEMS_MAX = 20
_WORDS = {
    CERTIFICATES: "certificate",
    LISTENERS: "listener",
    PATH_MAPS: "path map",
    POOLS: "pool",
    PORTS: "port",
    PROBES: "probe",
    REDIRECTS: "redirect",
    REWRITES: "rewrite rule set",
    RULES: "rule",
    SETTINGS: "backend setting",
}


def render_adoption_plan(plan: AdoptionPlan) -> Iterator[str]:
    """Yield the plan as lines."""
    name = plan.gateway_id.rpartition("/")[2]
    before = f" behind the prefix {plan.agic_prefix!r}" if plan.agic_prefix else ""
    yield f"the gateway {name}"
    yield f"  AGIC's, by their names{before}: {render_counts(plan.objects)}"
    yield f"  somebody else's, left alone byte for byte: {render_counts(plan.exchange.stays)}"
    for each in plan.found.controllers:
        does = "sleeps already" if not each.replicas else f"runs with {each.replicas} replica(s)"
        yield f"  AGIC is {each.told()}: it {does}"
    for add_on in plan.found.add_ons:
        yield f"  AGIC is the add-on of {add_on.name}, with the identity {add_on.identity_id}"
    yield from (f"  not seen: {each}" for each in plan.found.unseen)
    yield ""
    yield from _render_deeds(plan)
    yield ""
    yield "our first table, which `bascule run` sends then, in one update:"
    yield from (f"  {line}" for line in render_exchange(plan.exchange))
    yield from _render_problems(plan)
    yield from (f"BLOCKER  {each}" for each in plan.blockers)


def _render_deeds(plan: AdoptionPlan) -> Iterator[str]:
    if plan.is_empty:
        yield "it is taken over already: there is nothing to do"
        return
    yield "what is done now; no request goes elsewhere by it:"
    for each in plan.awake:
        yield f"  put AGIC to sleep: {each.command(0)}"
    for add_on in plan.found.add_ons:
        yield f"  disable the add-on of {add_on.name}; its identity goes, the gateway stays"
    yield "  prove by Azure's activity log that nobody writes the gateway any more"
    if not plan.is_done:
        yield "  write the gateway as it is, with the tags bascule-owner and bascule-adopted"


def render_release_plan(plan: ReleasePlan) -> Iterator[str]:
    """Yield the plan as lines."""
    name = plan.gateway_id.rpartition("/")[2]
    if plan.is_given:
        yield f"the gateway {name} is given back already"
    else:
        yield f"the gateway {name} would become, in one update:"
        yield from (f"  {line}" for line in render_exchange(plan.exchange))
        yield f"  somebody else's, left alone byte for byte: {render_counts(plan.exchange.stays)}"
    for each in plan.given.as_kept:
        yield f"  AGIC's pool {each} gets the addresses of before: nothing tells those of now"
    yield from (f"then AGIC is woken up: {each.command(each.replicas)}" for each in plan.asleep)
    yield from (f"then, by you: {each}" for each in plan.commands)
    yield from (f"BLOCKER  {each}" for each in plan.blockers)


def render_exchange(exchange: Exchange) -> Iterator[str]:
    """Yield what a gateway becomes, host by host."""
    yield f"- {render_counts(exchange.removed)}"
    yield f"+ {render_counts(exchange.added)}"
    yield from (each.told() for each in exchange.hosts)


def render_counts(counts: Mapping[str, int]) -> str:
    """Return counts of children as words."""
    told = (render_count(count, _WORDS.get(key, key)) for key, count in counts.items())
    return ", ".join(told) or "nothing"


def _render_problems(plan: AdoptionPlan) -> Iterator[str]:
    for each in plan.problems[:PROBLEMS_MAX]:
        where = f"{each.kind} {each.namespace}/{each.name} of {each.cluster}"
        yield f"PROBLEM  {where}: {each.message}  [{each.code}]"
    more = len(plan.problems) - PROBLEMS_MAX
    if more > 0:
        yield f"PROBLEM  and {more} more"


def adoption_plan_document(plan: AdoptionPlan) -> dict[str, Json]:
    """Return the plan as JSON shows it."""
    return {
        "gateway": plan.gateway_id,
        "agic_prefix": plan.agic_prefix,
        "is_adopted": plan.is_done,
        "agic": {
            "objects": dict(plan.objects),
            "controllers": controller_documents(plan.found.controllers),
            "add_ons": [
                {
                    "cluster": each.cluster_id,
                    "identity": each.identity_id,
                    "owns_gateway": each.owns_gateway,
                }
                for each in plan.found.add_ons
            ],
            "unseen": list(plan.found.unseen),
        },
        "first_table": exchange_document(plan.exchange),
        "problems_total": len(plan.problems),
        "blockers": list(plan.blockers),
    }


def exchange_document(exchange: Exchange) -> dict[str, Json]:
    """Return what a gateway becomes as JSON shows it."""
    return {
        "removed": dict(exchange.removed),
        "added": dict(exchange.added),
        "stays": dict(exchange.stays),
        "touched": list(exchange.touched),
        "lost": list(exchange.lost),
        "hosts": [
            {
                "host": each.place.host,
                "port": each.place.port,
                "frontend": each.place.frontend,
                "before": list(each.before.addresses),
                "after": list(each.after.addresses),
            }
            for each in exchange.hosts
        ],
    }


def release_plan_document(plan: ReleasePlan) -> dict[str, Json]:
    """Return the plan as JSON shows it."""
    return {
        "gateway": plan.gateway_id,
        "is_given_back": plan.is_given,
        "controllers": controller_documents(plan.asleep),
        "commands": list(plan.commands),
        "pools": {"now": list(plan.given.followed), "as_kept": list(plan.given.as_kept)},
        "becomes": exchange_document(plan.exchange),
        "blockers": list(plan.blockers),
    }


def release_document(done: Release) -> dict[str, Json]:
    """Return what giving back did as JSON shows it."""
    return {"woken": controller_documents(done.woken), "update_s": done.took_s}


def controller_documents(controllers: Iterable[Controller]) -> list[Json]:
    """Return AGIC's Deployments as JSON shows them."""
    return [
        {
            "cluster": each.cluster.value,
            "namespace": each.namespace,
            "name": each.name,
            "replicas": each.replicas,
        }
        for each in controllers
    ]


def adoption_document(adoption: Adoption) -> dict[str, Json]:
    """Return what a take-over did as JSON shows it."""
    return {
        "asleep": controller_documents(adoption.asleep),
        "disabled": [each.cluster_id for each in adoption.disabled],
        "update_s": adoption.took_s,
    }
