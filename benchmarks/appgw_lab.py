"""An Application Gateway of a lab's Azure at recorded pace, two clusters and load; for benchmarks.

Everything is as a user has it: lab clusters, ARM and its data plane, `bascule run`, the verbs.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from bascule.ids import Cluster
from bascule.lab.load.live import LiveLine
from bascule.lab.load.orders import Command
from bascule.lab.load.plan import Lane, LaneKind, Plan, Target
from bascule.lab.load.verdict import Verdict
from bascule.lab.shop.deploy import Target as ClusterTarget
from bascule.lab.shop.deploy import deploy, load_target, open_api
from bascule.lab.shop.manifests import INGRESS_CLASS, NAMESPACE, REPLICAS, Object, filler_host
from bascule.lab.story.azure.arm import open_arm
from bascule.lab.story.azure.stage import count_puts
from bascule.lab.story.generator import Generator
from bascule.lab.story.verbs import Called, call_verb
from bascule.lab.supervisor.azure import ask_azure
from benchmarks.figures import median, percentile
from tests.support.appgw_site import AppGwSite, open_appgw_site
from tests.support.waiting import eventually

SPEED = 20.0
"""What recorded durations are divided by; the pauses of `gateway.yaml` are as well."""
SEED = 7
QUIET_S, MAX_DELAY_S = 1.0 / SPEED, 10.0 / SPEED
ROUTES_A_HOST = 40
HOSTS_LOADED_MAX = 4
FRESH_SHARE = 0.1
WARM_UP_S = 1.0
LOAD_LIMIT_S = 600.0
VERB_LIMIT_S = 120.0
START_LIMIT_S = 60.0
EVENTS_VERSION = "2015-04-01"
LAB_INGRESSES = ("api", "shop")
"""Of the lab's own shop; they go, so that the routes are as many as are said."""
PACE = (
    f"Azure's recorded durations divided by {SPEED:g}, seed {SEED}: a PUT takes 8 s in the median "
    "and 79 s at the 90th percentile."
)
RECORDED = (
    f"*As recorded* is what passed from the PUT on, times {SPEED:g}, and what passed before it, "
    "which is our own work, as it was."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One PUT that Azure took, by its activity log (seconds since the epoch)."""

    begun_at: float
    ended_at: float
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds of one change in the lab."""

    last_answer_s: float
    """From the intent to the last answer by the old cluster."""
    ours_s: float
    """Of it, before Azure took the PUT."""
    update_s: float
    """How long Azure had the PUT; the last instance may be ready before."""

    @property
    def recorded_s(self) -> float:
        """What it would be at the recorded pace."""
        return self.ours_s + SPEED * max(0.0, self.last_answer_s - self.ours_s)


@dataclass(kw_only=True)
class Place:
    """A gateway and its two clusters."""

    site: AppGwSite
    hosts: Sequence[str] = ()

    @property
    def state(self) -> tuple[str, str]:
        """The option that names our state directory."""
        return ("--state", str(self.site.site.state_dir.path))

    @cached_property
    def targets(self) -> dict[Cluster, ClusterTarget]:
        """How each cluster's API is reached."""
        site = self.site.site
        return {c: load_target(site.kubeconfig, f"{site.name}-{c}") for c in Cluster}

    async def set_routes(self, routes: int) -> None:
        """Let both clusters have so many routes, ROUTES_A_HOST at most to each host."""
        objects = build_ingresses(routes)
        self.hosts = [filler_host(number) for number in range(len(objects))]
        for target in self.targets.values():
            async with open_api(target) as api:
                for name in LAB_INGRESSES:
                    await api.delete(ingress_path(name))
            await deploy(target, objects)

    async def start_runtime(self) -> float:
        """Start `bascule run`; return the seconds until the gateway is as it should be."""
        begun_s = time.monotonic()
        await asyncio.to_thread(self.site.site.start_runtime)
        await eventually(self.is_at_rest, within_s=START_LIMIT_S)
        return time.monotonic() - begun_s

    async def stop_runtime(self) -> None:
        """End `bascule run` as SIGTERM does."""
        await asyncio.to_thread(self.site.site.terminate_runtime)

    async def is_at_rest(self) -> bool:
        """Whether the runtime has nothing left to write."""
        status = await asyncio.to_thread(self.site.site.ask_runtime, "status")
        is_idle = status["appgw"]["operation"] is None
        return is_idle and bool(status["live"]["convergence"] == "converged")

    async def count_puts(self) -> int:
        """Return how many PUTs of the gateway Azure has taken, whoever sent them."""
        return count_puts(await ask_azure(self.site.lab, "GET", "requests"), self.site.gateway_id)

    async def read_updates(self) -> list[Update]:
        """Return the PUTs that have ended, the oldest first."""
        page = f"/subscriptions/{self.site.subscription}/providers/Microsoft.Insights"
        wanted = f"eventTimestamp ge '2000-01-01' and resourceUri eq '{self.site.gateway_id}'"
        path = f"{page}/eventtypes/management/values?$filter={wanted}"
        async with open_arm(self.site.lab) as arm:
            found = await arm.get(path, EVENTS_VERSION)
        assert found is not None
        return read_updates(found["value"])

    async def call(self, *arguments: str) -> Called:
        """Say a verb on this gateway."""
        verb, *rest = arguments
        environment = self.site.site.environment
        return await call_verb(environment, verb, *self.state, *rest, limit_s=VERB_LIMIT_S)


@dataclass(slots=True, kw_only=True)
class Load:
    """What runs meanwhile; `verdict` is there when it is over."""

    place: Place
    generator: Generator
    verdict: Verdict | None = None
    puts: dict[str, int] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)

    async def change(self, name: str, *arguments: str, to: Cluster | None = None) -> None:
        """Say a verb, count its PUTs, and tell the load of it. `to`: who takes everything then."""
        before = await self.place.count_puts()
        called = await self.place.call(*arguments, "--yes", "--reason", "benchmark")
        self.puts[name] = await self.place.count_puts() - before
        self.tell(called.as_order(name, to=to or ""))

    async def switch(self, name: str, to: Cluster) -> None:
        """Move all traffic as a user would."""
        await self.change(name, "switch", "--from", other(to), "--to", to, to=to)

    def tell(self, command: Command) -> None:
        """Tell the load of a change."""
        self.commands[command.name] = command
        self.generator.tell(command)

    def count_wrong(self) -> int:
        """Return how many requests the old cluster took once a change was in force."""
        counts = {each.name: each.wrong_cluster for each in self.judged.switches}
        unknown = [name for name, each in self.commands.items() if each.to and counts[name] is None]
        assert not unknown, f"it is not known when {unknown[0]} was in force"
        return sum(each or 0 for each in counts.values())

    async def read_times(self, prefix: str) -> list[Times]:
        """Return what passed in the changes whose name begins so; each was seen to its end."""
        updates = await self.place.read_updates()
        lasts = {each.name: each.convergence_ms for each in self.judged.switches}
        wanted = [each for name, each in self.commands.items() if name.startswith(prefix)]
        unseen = [each.name for each in wanted if lasts[each.name] is None]
        assert not unseen, f"the last answer before {unseen[0]} was in force is not known"
        return [
            find_times(each, last_ms / 1000, updates)
            for each in wanted
            if (last_ms := lasts[each.name]) is not None
        ]

    @property
    def judged(self) -> Verdict:
        """What the load has seen."""
        assert self.verdict is not None, "the load is not over"
        return self.verdict


@contextmanager
def open_place(*lab: str) -> Iterator[Place]:
    """Start both labs and make the gateway. Not to be called where an event loop runs."""
    pace = ("--latency-model", "real", "--speed", str(SPEED), "--seed", str(SEED))
    with (
        tempfile.TemporaryDirectory(prefix="bascule-bench-") as directory,
        open_appgw_site(Path(directory), *pace, *lab) as site,
    ):
        site.write_file(quietSeconds=QUIET_S, maxDelaySeconds=MAX_DELAY_S)
        yield Place(site=site)


@asynccontextmanager
async def under_load(place: Place, rate: float) -> AsyncIterator[Load]:
    """Ask all the while; at the end the load settles and is judged."""
    site = place.site.site
    generator = Generator(site.directory, site.environment)
    load = Load(place=place, generator=generator)
    await generator.start(build_plan(place, rate))
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(generator.watch(_ignore))
            await asyncio.sleep(2 * WARM_UP_S)
            yield load
            await generator.settle()
        load.verdict = await generator.judge([])
    finally:
        await generator.end()


def build_plan(place: Place, rate: float) -> Plan:
    """Return requests to hosts across the table: kept connections, and some fresh."""
    count = min(HOSTS_LOADED_MAX, len(place.hosts))
    hosts = {place.hosts[i * (len(place.hosts) - 1) // max(1, count - 1)] for i in range(count)}
    targets = [
        Target(host=host, address=place.site.address, port=place.site.port)
        for host in sorted(hosts)
    ]
    kept = rate * (1 - FRESH_SHARE) / len(targets)
    lanes = [
        Lane(name=f"kept-{i}", kind=LaneKind.KEEP_ALIVE, target=target, rate=kept)
        for i, target in enumerate(targets)
    ]
    lanes.append(
        Lane(name="fresh", kind=LaneKind.FRESH, target=targets[0], rate=rate * FRESH_SHARE)
    )
    return Plan(lanes=tuple(lanes), duration_max_s=LOAD_LIMIT_S, warm_up_s=WARM_UP_S)


def build_ingresses(routes: int) -> tuple[Object, ...]:
    """Return Ingresses of a host each; a host's routes lead to one of the shop's Services."""
    return tuple(
        build_ingress(number, min(ROUTES_A_HOST, routes - first))
        for number, first in enumerate(range(0, routes, ROUTES_A_HOST))
    )


def build_ingress(number: int, routes: int, service: str = "") -> Object:
    """Return the Ingress of one host, with the path `/` and others."""
    services = sorted(REPLICAS)
    backend = {
        "service": {"name": service or services[number % len(services)], "port": {"number": 80}}
    }
    paths = [
        {"path": f"/p{path}" if path else "/", "pathType": "Prefix", "backend": backend}
        for path in range(routes)
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": f"bench-{number:03}", "namespace": NAMESPACE},
        "spec": {
            "ingressClassName": INGRESS_CLASS,
            "rules": [{"host": filler_host(number), "http": {"paths": paths}}],
        },
    }


def ingress_path(name: str) -> str:
    """Return where an Ingress is at the API server."""
    return f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses/{name}"


def read_updates(events: Sequence[dict[str, Any]]) -> list[Update]:
    """Return the operations that these events of the activity log tell of."""
    begun: dict[str, float] = {}
    ended: list[tuple[str, float, str]] = []
    for event in events:
        at = datetime.fromisoformat(event["eventTimestamp"]).timestamp()
        status = event["status"]["value"]
        if status == "Accepted":
            begun[event["correlationId"]] = at
        else:
            ended.append((event["correlationId"], at, status))
    found = [
        Update(begun_at=begun[number], ended_at=at, status=status)
        for number, at, status in ended
        if number in begun
    ]
    return sorted(found, key=lambda each: each.begun_at)


def find_times(command: Command, last_answer_s: float, updates: Sequence[Update]) -> Times:
    """Return the times of a change, whose PUT is the last one between its intent and its end."""
    assert command.intent_s is not None
    offset_s = time.time() - time.monotonic()
    own = [
        each for each in updates if command.intent_s <= each.begun_at - offset_s <= command.ended_s
    ]
    assert own, f"no PUT was made for {command.name}"
    return Times(
        last_answer_s=last_answer_s,
        ours_s=own[-1].begun_at - offset_s - command.intent_s,
        update_s=own[-1].ended_at - own[-1].begun_at,
    )


TIME_COLUMNS = (
    "intent to last old answer in the lab, s: p50, p90",
    "of it before the PUT, ms: median",
    "as recorded, s: p50, p90",
    "Azure's own part as recorded, s: p50, p90",
)


def render_times(found: Sequence[Times]) -> list[str]:
    """Return the cells of TIME_COLUMNS."""
    return [
        _ranks([each.last_answer_s for each in found], 2),
        f"{1000 * median([each.ours_s for each in found]):.0f}",
        _ranks([each.recorded_s for each in found], 0),
        _ranks([SPEED * each.update_s for each in found], 0),
    ]


def _ranks(values: Sequence[float], digits: int) -> str:
    return f"{median(values):.{digits}f}, {percentile(values, 90):.{digits}f}"


def most_at_once(updates: Sequence[Update]) -> int:
    """Return how many PUTs were under way at one time, at most."""
    return max(
        (sum(each.begun_at <= one.begun_at < each.ended_at for each in updates) for one in updates),
        default=0,
    )


def other(cluster: Cluster) -> Cluster:
    """Return the other one."""
    return Cluster.GREEN if cluster is Cluster.BLUE else Cluster.BLUE


def _ignore(_line: LiveLine) -> None:
    """Take a live line that nobody looks at."""
