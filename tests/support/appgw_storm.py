"""A storm on a gateway: our calls fail in every way, somebody else writes, we switch all the while.

One seed is one storm. What is judged is what Azure holds and what was told, not what we believe.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bascule.app.metering import MeteredDriver
from bascule.errors import DriverError, ForeignChangeError, OutcomeUnknownError
from bascule.gateway.appgw.change import TableChange
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.live import read_split, render_split
from bascule.gateway.appgw.merge import is_same
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.driver import Applied, Convergence
from bascule.gateway.ownership import TABLE_DIGITS, split_of, table_of
from bascule.ids import Cluster
from bascule.lab.arm.faults import FaultRule, Kind
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import Backend, Endpoint, Host, RoutingTable
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.appgw_storm_site import BACKEND_PORT, StormSite
from tests.support.asking import PATHS
from tests.support.gateway_lab import OWNS, GatewayLab, pools_of, with_pool
from tests.support.site import HOST
from tests.support.tables import ALL_BLUE, ALL_GREEN

TRIES_MAX = 60
TRY_AGAIN_S = 10.0
PAUSE_S = (5.0, 60.0)
"""Between two changes of ours."""
THEIR_PAUSE_S = (1.0, 40.0)
THEIR_THOUGHT_S, THEIR_DOUBT_S = (0.1, 4.0), (4.0, 40.0)
"""Between somebody else's GET and PUT, mostly and sometimes."""
DOUBTS = 0.3
ON_ITS_WAY_S = (0.05, 3.0)
"""How long a request of ours is under way."""
SIGN_IN_S = 600.0
WATCH_S = 5.0
SETTLE_S = 400.0
"""After so long all is told that the activity log has to tell."""
HANG_S = 40.0
RATES: Mapping[Kind, float] = {"error": 0.09, "throttle": 0.09, "hang": 0.06, "lose": 0.1}
"""The share of our calls that each strikes, of those that the ones before it left: 3 in 10."""
OF_OPERATIONS: frozenset[Kind] = frozenset({"slow", "fail"})
SLOW_RATE, SLOW_S, FAIL_RATE = 0.2, 120.0, 0.1
"""Of the operations on the gateway, whosever they are."""
BUSY_EVERY_S, BUSY_S = (60.0, 240.0), (5.0, 20.0)
TOLD_WITHIN = timedelta(milliseconds=1)
_UNDID = "a write of ours undid"
_TOLD = re.compile(r"(\S+) from \S+ at (\S+) \(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """A PUT of somebody else that Azure took, and what of ours it held."""

    name: str
    sent_at: datetime
    taken_at: datetime
    taken_s: float
    table: str
    split: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a storm ended: right if nothing is `wrong`."""

    seed: int
    calls: int
    struck: int
    puts: int
    steps: int
    theirs: int
    lost: int
    told: int
    false_alarms: int
    wrong: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Storm:
    """One seed's storm."""

    site: StormSite
    seed: int
    steps: int
    writer_type: type[GatewayWriter] = GatewayWriter
    rng: Random = field(init=False)
    driver: MeteredDriver = field(init=False)
    table: RoutingTable = field(init=False)
    calls: int = 0
    """Of ours, in the storm."""
    rules: list[FaultRule] = field(default_factory=list)
    theirs: list[Theirs] = field(default_factory=list)
    told: set[tuple[str, datetime]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    """Why tries of ours did not succeed."""

    def __post_init__(self) -> None:
        self.rng = Random(f"storm-{self.seed}")  # noqa: S311 - a seed to repeat it, not a secret
        self.driver = self._open_driver()
        self.table = self._table(ALL_BLUE)

    async def begin(self) -> None:
        """Bring blue up, in the calm."""
        await self._bring(self.table)

    async def rage(self) -> None:
        """Switch, roll back and follow pods while all goes wrong; in the end it is calm again."""
        self._break_out()
        others = (self._watch(), self._stay_signed_in(), self._write_theirs(), self._be_busy())
        async with _meanwhile(*others):
            for number in range(self.steps):
                await self._pause(*PAUSE_S)
                self.table = self._next_table(number)
                await self._bring(self.table)
        self.calls = len(self._lab.pipeline.sent)
        await self._calm_down()

    async def judge(self) -> Outcome:
        """Wait until all is told, and judge how it ended."""
        async with _meanwhile(self._watch()):
            await self._sleep(SETTLE_S)
        await self._judge_restart()
        return self._judge()

    async def play(self) -> Outcome:
        """Begin, rage and judge."""
        await self.begin()
        await self.rage()
        return await self.judge()

    # The weather.

    def _break_out(self) -> None:
        caller = self._lab.ours.azure.identity.first_app_id
        for kind, rate in RATES.items():
            seconds = HANG_S if kind == "hang" else 0.0
            wait_s = 2.0 if kind == "throttle" else 0.0
            self._order(kind=kind, caller=caller, rate=rate, seconds=seconds, retry_after_s=wait_s)
        operation = "PutApplicationGateway"
        self._order(kind="slow", operation=operation, rate=SLOW_RATE, seconds=SLOW_S)
        self._order(kind="fail", operation=operation, rate=FAIL_RATE)
        self._lab.pipeline.on_send = self._be_under_way

    def _order(self, **rule: Any) -> FaultRule:
        ordered = self._lab.ours.azure.admin.faults.add(FaultRule(**rule))
        self.rules.append(ordered)
        return ordered

    async def _be_busy(self) -> None:
        """Let the platform itself be at work on the gateway now and then."""
        caller = self._lab.ours.azure.identity.first_app_id
        while True:
            await self._pause(*BUSY_EVERY_S)
            seconds = self.rng.uniform(*BUSY_S)
            rule = self._order(
                kind="busy", caller=caller, path="applicationGateways", seconds=seconds
            )
            await self._sleep(seconds)
            self._lab.ours.azure.admin.faults.clear(rule.id)

    async def _be_under_way(self, _method: str, _path: str) -> None:
        await self._pause(*ON_ITS_WAY_S)

    async def _calm_down(self) -> None:
        """End all that goes wrong, and have the last table live."""
        lab = self._lab
        await lab.clear_faults()
        lab.pipeline.on_send = None
        while lab.ours.azure.world.operations.running_on(lab.gateway_id) is not None:
            await self._sleep(1.0)
        await lab.sign_in()
        await self._bring(self.table)

    async def _stay_signed_in(self) -> None:
        while True:
            await self._sleep(SIGN_IN_S)
            await self._lab.sign_in()

    # Somebody else.

    async def _write_theirs(self) -> None:
        """Add a pool, again and again, as az does: GET, then a PUT of the whole, unconditional."""
        lab = self._lab
        while True:
            await self._pause(*THEIR_PAUSE_S)
            document = await lab.get()
            is_doubtful = self.rng.random() < DOUBTS
            await self._pause(*(THEIR_DOUBT_S if is_doubtful else THEIR_THOUGHT_S))
            name, sent_at = f"theirs-{len(self.theirs)}", lab.clock.now()
            body = with_pool(document, name, "10.9.9.9")
            reply = await lab.other.ask("PUT", lab.gateway_id, body)
            if reply.status < 300:
                tags = document.get("tags", {})
                self.theirs.append(
                    Theirs(
                        name=name,
                        sent_at=sent_at,
                        taken_at=lab.clock.now(),
                        taken_s=lab.clock.monotonic_s(),
                        table=table_of(tags),
                        split=split_of(tags),
                    )
                )

    # We.

    def _open_driver(self) -> MeteredDriver:
        """Return a driver as a fresh process has it."""
        lab = self._lab
        writer = self.writer_type(
            lab.client,
            lab.gateway_id,
            clock=lab.clock,
            operations=lab.log,
            owns=OWNS,
            fence=lambda: None,
        )
        driver = AppGwDriver(
            writer=writer,
            settings=self._settings,
            owns=OWNS,
            clock=lab.clock,
            fence=lambda: None,
        )
        return MeteredDriver(driver, lab.clock)

    def _next_table(self, number: int) -> RoutingTable:
        """Switch, let pods change, roll back, let them change again."""
        match number % 4:
            case 0:
                return self._table(ALL_GREEN)
            case 2:
                return self._table(ALL_BLUE)
            case _:
                return self._table(self.table.split.default, hosts=self.rng.randint(0, 3))

    def _table(self, weights: Weights, hosts: int = 0) -> RoutingTable:
        blue, green = (self._backend(cluster) for cluster in Cluster)
        routes = [tables.route(blue, green, path=path) for path in sorted(set(PATHS))]
        found: list[Host] = [tables.host(HOST, *routes)]
        found += [tables.host(f"h{n}.example.com", tables.route(blue, green)) for n in range(hosts)]
        return tables.table(tables.route_set(found, port=self.site.port), weights)

    def _backend(self, cluster: Cluster) -> Backend:
        servers = self.site.servers[cluster]
        chosen = sorted(self.rng.sample(servers, self.rng.randint(1, len(servers))))
        endpoints = tuple(Endpoint(address, BACKEND_PORT) for address in chosen)
        return replace(tables.backend(cluster, "web"), endpoints=endpoints)

    async def _bring(self, table: RoutingTable) -> None:
        """Have a table live, trying again as the steady loop and an operator do."""
        for _ in range(TRIES_MAX):
            try:
                applied = await self.driver.apply(table, EMPTY_STORE)
            except (DriverError, ForeignChangeError, OutcomeUnknownError) as error:
                self.trouble.append(error.message)
                self._take_told()
                await self._sleep(TRY_AGAIN_S)
                continue
            self._check_claim(table, applied)
            return
        self.wrong.append(f"a table was not taken in {TRIES_MAX} tries: {self.trouble[-1]}")

    def _check_claim(self, table: RoutingTable, applied: Applied) -> None:
        """What is said to be live must have been live when it was said to be.

        What of somebody else's is not there any more was undone by ours, and came before it.
        """
        there = pools_of(self._document())
        since = [
            each
            for each in self.theirs
            if applied.sent_s < each.taken_s < applied.acknowledged_s and each.name in there
        ]
        ours = (table.digest[:TABLE_DIGITS], render_split(table.split))
        if since and (since[-1].table, since[-1].split) != ours:
            self.wrong.append(f"{since[-1].name} dropped a table that is said to be live")

    async def _watch(self) -> None:
        """Look at the gateway all the time, as the runtime does, and keep what is told."""
        while True:
            await self._sleep(WATCH_S)
            await self.driver.observe()
            self._take_told()

    def _take_told(self) -> None:
        while (error := self.driver.take_stop()) is not None:
            for message in error.message.split(_UNDID)[1:]:
                found = _TOLD.findall(message)
                self.told |= {(who, datetime.fromisoformat(at)) for who, at in found}

    # The verdict.

    async def _judge_restart(self) -> None:
        puts = self._lab.puts
        self.driver = self._open_driver()
        await self._bring(self.table)
        if self._lab.puts != puts:
            self.wrong.append("a restart sent something")
        seen = await self.driver.observe()
        if seen.convergence is not Convergence.CONVERGED or seen.split != self.table.split:
            self.wrong.append(f"a restart sees {seen.convergence} {seen.reason} {seen.split}")

    def _judge(self) -> Outcome:
        lab = self._lab
        document = self._document()
        change = TableChange(
            self.table, EMPTY_STORE, translator=Translator(self._settings), owns=OWNS
        )
        if not is_same(change(document), document):
            self.wrong.append("ours did not end as it was asked for")
        if read_split(document, OWNS) != self.table.split:
            self.wrong.append("the split that is live is not the one that was asked for")
        there = pools_of(document)
        lost = [each for each in self.theirs if each.name not in there]
        self.wrong += [f"nobody told of the loss of {e.name}" for e in lost if not self._is_told(e)]
        kept = [each for each in self.theirs if each.name in there]
        return Outcome(
            seed=self.seed,
            calls=self.calls,
            struck=sum(each.struck for each in self.rules if each.kind not in OF_OPERATIONS),
            puts=lab.puts,
            steps=self.steps,
            theirs=len(self.theirs),
            lost=len(lost),
            told=len(self.told),
            false_alarms=sum(self._is_told(each) for each in kept),
            wrong=tuple(self.wrong),
        )

    def _document(self) -> Any:
        """Return what Azure holds at this moment."""
        return self._lab.ours.azure.world.resources.find(self._lab.gateway_id)

    def _is_told(self, loss: Theirs) -> bool:
        who = self._lab.other_app.app_id
        return any(
            by == who and loss.sent_at - TOLD_WITHIN <= at <= loss.taken_at for by, at in self.told
        )

    @property
    def _lab(self) -> GatewayLab:
        return self.site.lab

    @property
    def _settings(self) -> AppGwSettings:
        return AppGwSettings(
            gateway_id=self._lab.gateway_id, owner="shop", http_port=self.site.port
        )

    async def _pause(self, least_s: float, most_s: float) -> None:
        await self._sleep(self.rng.uniform(least_s, most_s))

    async def _sleep(self, seconds: float) -> None:
        await self._lab.clock.sleep_until(self._lab.clock.monotonic_s() + seconds)


@asynccontextmanager
async def _meanwhile(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Have these go on as long as the block does."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()
