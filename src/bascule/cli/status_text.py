"""The status document as lines for a person; what is null is said to be not known."""

from collections.abc import Iterator, Mapping

from bascule.cli.documents import UNKNOWN, read_items, read_map, say, say_percent
from bascule.cli.rendering import render_columns
from bascule.ids import Cluster
from bascule.journal.record import Json

LINES_MAX = 20
"""How many routes, problems or orders are shown before the rest is only counted."""


def render_status(document: Mapping[str, Json]) -> list[str]:
    """Return the lines of `bascule status`."""
    return [
        *_head(document),
        "",
        *_clusters(document),
        *_routes(read_map(document.get("routes"))),
        *_problems(document),
        *_gateway(document),
        *_orders(document),
    ]


def _head(document: Mapping[str, Json]) -> Iterator[str]:
    runtime = read_map(document.get("runtime"))
    yield f"gateway  {document.get('gateway')}"
    if runtime:
        yield f"runtime  process {runtime.get('pid')}"
        if runtime.get("trouble"):
            yield f"         orders wait: {runtime.get('trouble')}"
    else:
        yield f"runtime  none: {document.get('runtime_reason', UNKNOWN)}"
    yield f"active   {document.get('active')}"
    upgrade = read_map(document.get("upgrade"))
    if upgrade.get("posture") is not None:
        at = read_map(upgrade.get("step")).get("key") or UNKNOWN
        stage = f"{upgrade.get('stage')}, {upgrade.get('posture')}"
        yield f"upgrade  {upgrade.get('name')}: {stage}, at {at}"
    flight = read_map(document.get("in_flight"))
    if flight:
        yield f"in flight: {flight.get('kind')} by {flight.get('actor')} since {flight.get('at')}"


def _clusters(document: Mapping[str, Json]) -> list[str]:
    weights = read_map(read_map(document.get("weights")).get("default"))
    live = read_map(read_map(read_map(document.get("live")).get("weights")).get("default"))
    clusters = read_map(document.get("clusters"))
    traffic = read_map(read_map(document.get("live")).get("traffic"))
    rows = [["CLUSTER", "WANTED", "LIVE", "VERSION", "STATE", "SINCE", "OPEN REQUESTS"]]
    for cluster in Cluster:
        known = read_map(clusters.get(cluster.value))
        counts = read_map(traffic.get(cluster.value))
        state = say(known.get("state"))
        if known.get("reason"):
            state = f"{state} ({known.get('reason')})"
        rows.append(
            [
                cluster.value,
                say_percent(weights.get(f"{cluster.value}_bp")),
                say_percent(live.get(f"{cluster.value}_bp")),
                say(known.get("version")),
                state,
                say(known.get("since")),
                say(counts.get("requests_active")),
            ]
        )
    hosts = read_map(read_map(document.get("weights")).get("by_host"))
    own = [
        f"{host}: blue {say_percent(read_map(w).get('blue_bp'))}, "
        f"green {say_percent(read_map(w).get('green_bp'))}"
        for host, w in hosts.items()
    ]
    return [*render_columns(rows), *own, *_clients(traffic)]


def _clients(traffic: Mapping[str, Json]) -> Iterator[str]:
    """Say from how many addresses users came, where the gateway has a log that tells it."""
    counts = {name: read_map(found) for name, found in traffic.items()}
    told = [f"{name} {c['clients']}" for name, c in counts.items() if c.get("clients") is not None]
    both = next((c["clients_of_both"] for c in counts.values() if c.get("clients_of_both")), 0)
    if told:
        yield f"clients of the last minute that was logged: {', '.join(told)}; of both: {both}"


def _routes(routes: Mapping[str, Json]) -> Iterator[str]:
    yield ""
    if not routes:
        yield f"routes   {UNKNOWN}"
        return
    yield (
        f"routes   {routes.get('total')} on {routes.get('hosts_total')} hosts, "
        f"{routes.get('bound_total')} bound to one cluster, {routes.get('down_total')} down"
    )
    for word, key in (("down", "down"), ("bound", "bound")):
        for route in map(read_map, read_items(routes.get(key))[:LINES_MAX]):
            bound = f" to {route.get('bound_to')}" if route.get("bound_to") else ""
            place = f"{route.get('host')}{route.get('path')}"
            yield f"  {word}{bound}: {place}: {route.get('reason')}"


def _problems(document: Mapping[str, Json]) -> Iterator[str]:
    total = document.get("problems_total")
    if total is None:
        yield f"problems {UNKNOWN}"
        return
    yield f"problems {total}"
    for problem in map(read_map, read_items(document.get("problems"))[:LINES_MAX]):
        place = f"{problem.get('cluster')} {problem.get('kind')} "
        place += f"{problem.get('namespace')}/{problem.get('name')}"
        yield f"  {problem.get('severity')}: {place}: {problem.get('message')}"
    for fault in map(read_map, read_items(document.get("faults"))):
        yield f"  fault of {fault.get('part')}: {fault.get('message')}"


def _gateway(document: Mapping[str, Json]) -> Iterator[str]:
    live = read_map(document.get("live"))
    envoy = read_map(document.get("envoy"))
    reason = f": {live.get('reason')}" if live.get("reason") else ""
    yield f"gateway  {live.get('convergence')}, {live.get('instances')} instance(s){reason}"
    yield from _appgw(read_map(document.get("appgw")))
    foreign = read_map(document.get("foreign_change"))
    if foreign:
        yield f"  somebody else, {foreign.get('at')}: {foreign.get('message')}"
        yield f"    what to do: {foreign.get('remedy')}"
    if envoy:
        pid = envoy.get("pid")
        yield f"envoy    process {pid}" if pid is not None else "envoy    does not run"
        if envoy.get("trouble"):
            yield f"  cannot be started again: {envoy.get('trouble')}"
        for death in map(read_map, read_items(envoy.get("deaths"))[-LINES_MAX:]):
            back = death.get("ready_at") or "not yet"
            yield f"  died {death.get('died_at')}, served again {back}"


def _appgw(appgw: Mapping[str, Json]) -> Iterator[str]:
    if not appgw:
        return
    yield " ".join(["azure   ", *(str(appgw[key]) for key in ("type", "id") if appgw.get(key))])
    if appgw.get("puts") is None:
        return
    places = ", ".join(str(each) for each in read_items(appgw.get("addresses")))
    under_way = read_map(appgw.get("operation"))
    at = f", one under way since {under_way.get('begun_at')}" if under_way else ""
    yield f"         at {places or UNKNOWN}; {appgw.get('puts')} update(s) by this runtime{at}"
    switch_by = read_map(appgw.get("switch_by"))
    if switch_by:
        yield f"         switches by {switch_by.get('chosen')}: {switch_by.get('why')}"


def _orders(document: Mapping[str, Json]) -> Iterator[str]:
    orders = [read_map(order) for order in read_items(document.get("orders"))]
    if not orders:
        return
    yield ""
    rows = [["ORDER", "RESULT", "AT", "BY", "COMMAND", "REASON"]]
    for order in orders:
        command_ms = order.get("command_ms")
        rows.append(
            [
                say(order.get("kind")),
                say(order.get("result")),
                say(order.get("at")),
                say(order.get("actor")),
                f"{command_ms} ms" if command_ms is not None else UNKNOWN,
                str(order.get("reason") or ""),
            ]
        )
    yield from render_columns(rows)
