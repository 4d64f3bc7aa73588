"""Carries out orders and runs the upgrade: the only one that chooses weights, and that writes.

Intent recorded, effect, outcome recorded. After a restart, or a failed write, what is in flight is
looked at before anything else is done.
"""

from dataclasses import dataclass
from typing import assert_never

from bascule.checks.findings import Finding
from bascule.clock import Clock
from bascule.errors import JournalError, PlanError, StaleWriterError
from bascule.journal.record import Json
from bascule.journal.store import Command, Inbox, JournalStore
from bascule.upgrade.changing import Change, Changer
from bascule.upgrade.decide import (
    Act,
    AlreadyEnded,
    Facts,
    Refuse,
    Wait,
    decide,
    leads_back,
    plan_split,
    refuse_old,
)
from bascule.upgrade.events import Refused, Witnessed
from bascule.upgrade.ledger import Ledger
from bascule.upgrade.overtaking import is_called_back, is_known, is_overtaken
from bascule.upgrade.pace import AT_ONCE, Pace
from bascule.upgrade.ports import (
    Backends,
    Checks,
    Hooks,
    Metrics,
    Platform,
    Traffic,
    Wakeup,
    Witness,
)
from bascule.upgrade.run.asking import NO_BACKENDS
from bascule.upgrade.run.runner import Runner
from bascule.upgrade.run.steering import is_still_meant
from bascule.upgrade.run.steps import Steps, Tools
from bascule.upgrade.signals import (
    Order,
    RollBack,
    SplitSignal,
    StartUpgrade,
    SteerUpgrade,
    UpgradeVerb,
    parse_order,
)
from bascule.upgrade.state import GatewayState

TICK_S = 0.5
"""How long a command can wait in the inbox when nobody rang."""
MOVES_MAX = 64
"""How many moves of an upgrade are made in one go; the inbox is read before each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that the executor acts through."""

    journal: JournalStore
    inbox: Inbox
    traffic: Traffic
    witness: Witness
    clock: Clock
    checks: Checks
    metrics: Metrics
    hooks: Hooks
    platform: Platform
    backends: Backends = NO_BACKENDS
    pace: Pace = AT_ONCE


class Executor:
    """Reads the inbox, moves traffic, writes the journal, from the `state` that it is handed."""

    def __init__(self, ports: Ports, state: GatewayState) -> None:
        self._ports = ports
        self._ledger = Ledger(ports.journal, state, ports.clock)
        self._changer = Changer(
            self._ledger, ports.traffic, ports.witness, ports.clock, pace=ports.pace
        )
        tools = Tools(
            traffic=ports.traffic,
            checks=ports.checks,
            metrics=ports.metrics,
            hooks=ports.hooks,
            platform=ports.platform,
            backends=ports.backends,
        )
        steps = Steps(self._ledger, self._changer, tools, is_called_back=self._is_called_back)
        self._runner = Runner(self._ledger, self._changer, steps, ports.clock)
        self.trouble: JournalError | None = None
        """Why orders wait: the journal cannot be written. None when all is well."""

    @property
    def state(self) -> GatewayState:
        """What the journal says."""
        return self._ledger.state

    async def run(self, wakeup: Wakeup) -> None:
        """Work until cancelled. Raises StaleWriterError when another owner has taken over.

        A journal that cannot be written stops orders, not traffic: it is tried again each tick.
        What was written may have landed though no answer came, so nothing more is written before
        the journal has been read again.
        """
        is_doubtful = False
        while True:
            try:
                if is_doubtful:
                    await self._ledger.reload()
                    is_doubtful = False
                await self.tick()
                self.trouble = None
            except StaleWriterError:
                raise
            except JournalError as error:
                self.trouble = error
                is_doubtful = True
            await wakeup.wait(self._ports.clock.monotonic_s() + TICK_S)

    async def tick(self) -> None:
        """Finish what is in flight, then every order that waits, then bring the upgrade forward."""
        for _ in range(MOVES_MAX):
            await self._changer.settle()
            for command in await self._ports.inbox.pending():
                if not await self._serve(command):
                    break  # What came later must not be carried out before it.
            if not await self._runner.advance():
                break
        for order_id, summary in self._ports.witness.take().items():
            await self._ledger.append(Witnessed(order_id=order_id, summary=summary))

    async def _serve(self, command: Command) -> bool:
        """Deal with one order; False when it has to wait for a cluster that is being listed."""
        try:
            order = parse_order(command)
        except PlanError as error:
            await self._refuse(command, Refuse(reason=error.message, remedy=error.remedy))
        else:
            if not await self._obey(command, order):
                return False
        await self._ports.inbox.done(command.id)
        return True

    async def _obey(self, command: Command, order: Order) -> bool:
        signal = order.signal
        match signal:
            case StartUpgrade() | SteerUpgrade():
                if is_known(self.state, order):
                    return True
                refusal = await self._steer(order, signal)
                if refusal is not None and not is_known(self.state, order):
                    await self._refuse(command, refusal)
                return True
            case RollBack() if self.state.unfinished is not None:
                return await self._roll_upgrade_back(command, order, signal)
            case _:
                return await self._carry_out(command, order, signal)

    async def _steer(self, order: Order, signal: StartUpgrade | SteerUpgrade) -> Refuse | None:
        age_s = self._age_s(order)
        if age_s > self._ports.pace.order_age_max_s and not is_still_meant(
            self.state.unfinished, order, signal
        ):
            return refuse_old(age_s)
        if isinstance(signal, StartUpgrade):
            return await self._runner.start(order, signal.plan)
        return await self._runner.steer(order, signal, self._ports.traffic)

    async def is_overtaken(self) -> bool:
        """Whether an order waits that leads back from the change in flight, and need not wait."""
        return is_overtaken(self.state, await self._waiting())

    async def _is_called_back(self) -> bool:
        return is_called_back(self.state, await self._waiting())

    async def _waiting(self) -> tuple[Command, ...]:
        """Return what waits in the inbox; nothing where it cannot be read: a tick says that."""
        try:
            return await self._ports.inbox.pending()
        except JournalError:
            return ()

    async def _roll_upgrade_back(self, command: Command, order: Order, rollback: RollBack) -> bool:
        """Take the gateway's `rollback` as the upgrade's own signal."""
        upgrade = self.state.unfinished
        if upgrade is None or is_known(self.state, order):
            return True
        data: dict[str, Json] = {"cancels": list(rollback.cancels)}
        signal = SteerUpgrade(name=upgrade.name, verb=UpgradeVerb.ROLLBACK, data=data)
        refusal = await self._steer(order, signal)
        if refusal is not None:
            await self._refuse(command, refusal)
        return True

    async def _carry_out(self, command: Command, order: Order, signal: SplitSignal) -> bool:
        traffic = self._ports.traffic
        facts = Facts(
            view=traffic.view(),
            capabilities=traffic.capabilities(),
            age_s=self._age_s(order),
            age_max_s=self._ports.pace.order_age_max_s,
            writers=await self._find_writers(order, signal),
        )
        decision = decide(self.state, order, signal, facts)
        match decision:
            case Wait():
                return False
            case AlreadyEnded():
                return True
            case Refuse():
                await self._refuse(command, decision)
            case Act():
                change = Change(
                    order_id=order.id,
                    kind=order.kind,
                    wanted=decision.wanted,
                    actor=order.actor,
                    reason=order.reason,
                    notes=decision.notes,
                    cancels=signal.cancels if isinstance(signal, RollBack) else (),
                )
                await self._changer.change(change)
            case _:
                assert_never(decision)
        return True

    async def _find_writers(self, order: Order, signal: SplitSignal) -> tuple[Finding, ...]:
        """Ask who else writes the gateway, before a move forward alone."""
        if isinstance(signal, RollBack) or is_known(self.state, order):
            return ()
        try:
            wanted = plan_split(self.state, signal, order.at)
        except PlanError:
            return ()
        is_back = leads_back(self.state, wanted)
        return () if is_back else await self._ports.checks.find_writers()

    def _age_s(self, order: Order) -> float:
        return (self._ports.clock.now() - order.at).total_seconds()

    async def _refuse(self, command: Command, refusal: Refuse) -> None:
        refused = Refused(
            order_id=command.id, kind=command.kind, reason=refusal.reason, remedy=refusal.remedy
        )
        await self._ledger.append(refused, actor=command.actor)
