import pytest

from bascule.errors import DriverError, JournalError, OutcomeUnknownError
from bascule.gateway.driver import Convergence, Observation
from bascule.ids import CommandId
from bascule.routing.weights import Split
from bascule.upgrade.changing import Change, Changer, is_live
from bascule.upgrade.events import Finished, Intended, Result
from bascule.upgrade.ledger import Ledger, open_history
from bascule.upgrade.pace import AT_ONCE
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.fake_traffic import ACKNOWLEDGED_AFTER_S, FakeTraffic, FakeWitness
from tests.support.orders import BLUE, GREEN, percent
from tests.support.runs import begin_event, signal
from tests.support.virtual_clock import VirtualClock

ORDER = CommandId("o1")


class Desk:
    """A changer with its world."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.disk = FakeDisk()
        self.traffic = FakeTraffic(self.clock)
        self.witness = FakeWitness()

    async def begin(self) -> tuple[Changer, Ledger, FakeJournal]:
        journal = FakeJournal(self.disk)
        ledger = Ledger(journal, await open_history(journal, BLUE, self.clock), self.clock)
        return Changer(ledger, self.traffic, self.witness, self.clock), ledger, journal

    async def change(self, wanted: Split = GREEN) -> tuple[Finished, Ledger]:
        changer, ledger, _ = await self.begin()
        change = Change(order_id=ORDER, kind="switch", wanted=wanted, actor="ada@desk")
        return await self.clock.drive(changer.change(change)), ledger

    async def interrupted(self, wanted: Split = GREEN) -> tuple[Changer, Ledger]:
        """Begin after a life that recorded its intent and no outcome."""
        _, ledger, _ = await self.begin()
        await ledger.append(Intended(order_id=ORDER, kind="switch", before=BLUE, wanted=wanted))
        changer, again, _ = await self.begin()
        return changer, again


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_the_intent_is_recorded_before_and_the_outcome_after(desk: Desk) -> None:
    seen: list[int] = []
    desk.traffic.when_sent = lambda: seen.append(len(desk.disk.records))

    finished, ledger = await desk.change()

    assert seen == [2]
    kinds = [record.entry.kind for record in desk.disk.records]
    assert kinds == ["gateway_opened", "weights_intended", "weights_finished"]
    assert finished.result is Result.DONE
    assert finished.command_ms == pytest.approx(ACKNOWLEDGED_AFTER_S * 1000)
    assert ledger.state.split == GREEN
    assert (desk.witness.begun, desk.witness.ended) == ([ORDER], [ORDER])


async def test_a_refusal_leaves_the_former_split(desk: Desk) -> None:
    desk.traffic.failures = [DriverError("no", remedy="do")]

    finished, ledger = await desk.change()

    assert (finished.result, finished.reason, finished.remedy) == (Result.FAILED, "no", "do")
    assert ledger.state.split == BLUE


async def test_an_answer_that_is_lost_is_unknown(desk: Desk) -> None:
    desk.traffic.failures = [OutcomeUnknownError("silence")]

    finished, ledger = await desk.change()

    assert finished.result is Result.UNKNOWN
    assert ledger.state.split == GREEN


async def test_what_is_sent_and_not_seen_is_unknown(desk: Desk) -> None:
    desk.traffic.is_deaf = True

    finished, _ = await desk.change()

    assert finished.result is Result.UNKNOWN
    assert f"{AT_ONCE.convergence_s:g} s (pending: waiting)" in finished.reason


async def test_without_an_instance_no_time_is_told(desk: Desk) -> None:
    desk.traffic.instances = 0

    finished, _ = await desk.change()

    assert (finished.result, finished.command_ms) == (Result.DONE, None)


async def test_a_journal_that_cannot_be_written_sends_nothing(desk: Desk) -> None:
    changer, _, journal = await desk.begin()
    journal.fail_next(JournalError("full"))

    with pytest.raises(JournalError):
        await changer.change(Change(order_id=ORDER, kind="switch", wanted=GREEN))

    assert desk.traffic.sent == []
    assert desk.witness.ended == [ORDER]


async def test_what_caused_the_change_is_recorded_with_the_intent_or_not_at_all(
    desk: Desk,
) -> None:
    changer, ledger, journal = await desk.begin()
    await ledger.append(begin_event())
    cause = signal("weights")
    change = Change(order_id=ORDER, kind="upgrade", wanted=percent(5))
    journal.fail_next(JournalError("full"))

    with pytest.raises(JournalError):
        await changer.change(change, cause)
    await desk.clock.drive(changer.change(change, cause))

    kinds = [record.entry.kind for record in desk.disk.records[2:]]
    assert kinds == ["upgrade_signal_taken", "weights_intended", "weights_finished"]


async def test_nothing_in_flight_needs_nothing(desk: Desk) -> None:
    changer, _, _ = await desk.begin()

    await changer.settle()

    assert len(desk.disk.records) == 1


async def test_what_landed_before_the_restart_is_found_and_not_sent_again(desk: Desk) -> None:
    changer, ledger = await desk.interrupted()
    desk.traffic.live = GREEN

    await desk.clock.drive(changer.settle())

    outcome = ledger.state.outcome_of(ORDER)
    assert outcome is not None
    assert outcome.reason == "found in place after a restart"
    assert desk.traffic.sent == []


async def test_what_did_not_land_is_sent(desk: Desk) -> None:
    changer, ledger = await desk.interrupted()

    await desk.clock.drive(changer.settle())

    assert desk.traffic.sent == [GREEN]
    assert ledger.state.split == GREEN


async def test_what_is_refused_after_a_restart_is_taken_back(desk: Desk) -> None:
    changer, ledger = await desk.interrupted()
    desk.traffic.failures = [DriverError("no")]

    await desk.clock.drive(changer.settle())

    assert desk.traffic.sent == [GREEN, BLUE]
    assert ledger.state.split == BLUE


@pytest.mark.parametrize(
    ("second", "split"),
    [(DriverError("still no"), GREEN), (OutcomeUnknownError("silence"), BLUE)],
    ids=["refused", "unknown"],
)
async def test_what_cannot_be_taken_back_is_unknown(
    desk: Desk, second: DriverError, split: Split
) -> None:
    changer, ledger = await desk.interrupted()
    desk.traffic.failures = [DriverError("no"), second]

    await desk.clock.drive(changer.settle())

    outcome = ledger.state.outcome_of(ORDER)
    assert outcome is not None
    assert outcome.result is Result.UNKNOWN
    assert "nor could it be taken back" in outcome.reason
    assert ledger.state.split == split


def test_only_what_is_read_back_from_an_instance_is_live() -> None:
    seen = Observation(convergence=Convergence.CONVERGED, split=GREEN, instances=1)

    assert is_live(seen, GREEN)
    assert not is_live(seen, BLUE)
    assert not is_live(Observation(convergence=Convergence.CONVERGED, split=GREEN), GREEN)
    pending = Observation(convergence=Convergence.PENDING, split=GREEN, instances=1)
    assert not is_live(pending, GREEN)
