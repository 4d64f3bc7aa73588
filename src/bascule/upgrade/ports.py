"""What the executor needs from the world."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bascule.checks.findings import Finding
from bascule.gateway.driver import Applied, Capabilities, Observation
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.routing.arrangement import Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.gates.model import Check, CheckResult, Interval
from bascule.upgrade.readiness import TrafficView


class Traffic(Protocol):
    """The gateway's traffic, as the controller moves it."""

    def capabilities(self) -> Capabilities:
        """Return what the gateway can do."""
        ...

    def view(self) -> TrafficView:
        """Return what is known of both clusters now."""
        ...

    def count_updates(self) -> int | None:
        """Return how often the whole gateway was updated since this process began, by anything.

        None: its changes are no such updates.
        """
        ...

    async def set_split(self, split: Split, cancels: tuple[str, ...] = ()) -> Applied:
        """Make `split` live and return when every instance has acknowledged it.

        `cancels` are those whose operations on the gateway this one call may cancel.

        Raises DriverError when the gateway refuses it: the former split then stays wanted. Raises
        OutcomeUnknownError when no acknowledgement came in time: the new one stays wanted.
        """
        ...

    async def set_arrangement(self, arrangement: Arrangement) -> None:
        """Make `arrangement` live and return when every instance has acknowledged it.

        Raises DriverError, OutcomeUnknownError as `set_split` does.
        """
        ...

    async def set_retired(self, retired: frozenset[Cluster]) -> None:
        """Take these clusters out of the gateway, every backend of theirs; return when it is so.

        Raises PlanError, and nothing is changed, when one of them is still needed. Raises
        DriverError, OutcomeUnknownError as `set_split` does.
        """
        ...

    async def observe(self) -> Observation:
        """Return what is live; `unknown`, never an exception, when it cannot be reached."""
        ...


class Witness(Protocol):
    """Watches the gateway from outside around a change; never delays it."""

    def begin(self, order_id: CommandId, wanted: Split) -> None:
        """Say that the split is about to change; returns at once."""
        ...

    def end(self, order_id: CommandId) -> None:
        """Say that the change has ended, however it did."""
        ...

    def take(self) -> Mapping[CommandId, Mapping[str, Json]]:
        """Return the summaries that are ready and were not taken before."""
        ...


class Wakeup(Protocol):
    """How the executor is woken when a command is put into the inbox."""

    async def wait(self, deadline_s: float) -> None:
        """Return when somebody rang since the last wait, or at `deadline_s` of the clock."""
        ...


class Checks(Protocol):
    """Preflight, looked at anew."""

    async def find(self) -> tuple[Finding, ...]:
        """Return what stands against, or speaks about, moving traffic now; never raises for it."""
        ...

    async def find_writers(self) -> tuple[Finding, ...]:
        """Return who else writes the gateway, as blockers; quicker than `find`, never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the gateway itself says of a cluster's backends, by its own probes."""

    is_awaited: bool = False
    """Whether it is being asked, and what follows is older than was wanted, or nothing yet."""
    sick: str = ""
    """Which backends have no healthy server, and why; empty: none is known."""
    sick_anyway: str = ""
    """Which others have none, as those of the other cluster in their place: nothing gets worse."""
    doubt: str = ""
    """Why it is not known of all; empty: it is."""


class Backends(Protocol):
    """Asks the gateway how its backends are, in the background: nobody waits for an answer."""

    def ask(self, cluster: Cluster, is_meant: Callable[[str], bool], *, within_s: float) -> Asked:
        """Return what was answered last of a cluster's backends for the hosts that are meant.

        An answer that is older than `within_s` is asked for anew.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What is to be measured now: for which step of which run, and which checks to ask.

    `preview_header` reaches a cluster past the split (`Preview.header`); empty where there is none.
    """

    run_id: str
    key: str
    attempt: int = 0
    """What was measured for an earlier attempt is not of this one."""
    checks: tuple[Check, ...] = ()
    preview_header: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured since the last `take`, oldest first."""

    intervals: tuple[Interval, ...] = ()
    results: tuple[CheckResult, ...] = ()


class Metrics(Protocol):
    """Measures in the background while an upgrade is unfinished; never delays it."""

    def measure(self, wanted: Measuring | None) -> None:
        """Measure so from now on; None: nothing. The same again changes nothing.

        What was measured for another step and not taken is dropped.
        """
        ...

    def take(self) -> Measured:
        """Return what was measured since it was last taken."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """A command of the user; it gets `key` as BASCULE_STEP_KEY, for its own idempotency."""

    key: str
    step: str
    """The key of its step: how people find it in the plan."""
    argv: tuple[str, ...]
    timeout_s: float
    environment: Mapping[str, str] = field(default_factory=dict)


class Hooks(Protocol):
    """Runs the commands of a plan."""

    async def run(self, hook: HookRun, is_called_back: Callable[[], Awaitable[bool]]) -> str:
        """Return the last words of a command that ended with 0.

        `is_called_back` is asked now and then, and never cancelled: once it says so, the command
        is ended. Raises DriverError when it ended otherwise or could not be started,
        OutcomeUnknownError when it was ended because its time was over or it was called back.
        """
        ...


class PlatformVerb(StrEnum):
    """What a platform does with a cluster."""

    MAKE = "make"
    STOP = "stop"
    START = "start"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformAct:
    """Something that a platform is to bring about; `key` is the same in each life of the run."""

    key: str
    verb: PlatformVerb
    cluster: Cluster
    platform: Mapping[str, Json] = field(default_factory=dict)
    """What was approved, in the platform's own words."""


class PlatformProgress(StrEnum):
    """How far an act is."""

    DONE = "done"
    ABSENT = "absent"
    """Not so, and nobody is at it: begin."""
    BUSY = "busy"
    FAILED = "failed"
    """It was refused in a way that trying again does not mend."""
    UNKNOWN = "unknown"
    """It cannot be seen now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSeen:
    """What a look at an act shows; `reason` is for people."""

    progress: PlatformProgress
    reason: str = ""
    remedy: str = ""
    output: Mapping[str, Json] = field(default_factory=dict)


class Platform(Protocol):
    """Makes, stops, starts and removes clusters: minutes each, so nobody waits inside a call."""

    async def observe(self, act: PlatformAct) -> PlatformSeen:
        """Return how far `act` is, whoever began it; never raises for what it finds."""
        ...

    async def begin(self, act: PlatformAct) -> None:
        """Begin `act` and return; begun twice is begun once.

        Raises DriverError when it is refused, OutcomeUnknownError when nobody knows.
        """
        ...
