"""Short worlds for the lab's verdict: steady traffic, a switch, and what a test plants in it."""

from collections.abc import Sequence

from bascule.lab.load.evidence import Evidence
from bascule.lab.load.orders import Command, Story
from bascule.lab.load.plan import Lane, LaneKind, Plan, StreamKind, StreamLane, Target
from bascule.lab.load.samples import Outcome, Samples
from bascule.lab.load.stats import Span
from bascule.lab.load.streams import StreamRecord

START_S = 1000.0
SWITCH_S = 1005.0
END_S = 1010.0
RATE = 100.0
TARGET = Target(host="shop.example", address="127.0.0.1", port=8080)
LANE = Lane(name="keep", kind=LaneKind.KEEP_ALIVE, target=TARGET, rate=RATE)
SLOW = Lane(name="slow", kind=LaneKind.SLOW, target=TARGET, rate=2.0, slow_ms=1000)
POST = Lane(name="post", kind=LaneKind.POST, target=TARGET, rate=2.0)
STREAM = StreamLane(name="ws", kind=StreamKind.WEBSOCKET, target=TARGET, count=1)

Row = tuple[float, float, float, int, Outcome, int, str]

SWITCH = Command(
    name="switch",
    begun_s=SWITCH_S,
    intent_s=SWITCH_S + 0.3,
    acknowledged_s=SWITCH_S + 0.302,
    effective_s=SWITCH_S + 0.302,
    ended_s=SWITCH_S + 0.4,
    to="green",
)


def rows(*, lane: int = 0, rate: float = RATE, latency_s: float = 0.005) -> list[Row]:
    """Return steady successes that go to green once the switch is in effect."""
    count = int((END_S - START_S) * rate)
    found: list[Row] = []
    for number in range(count):
        at_s = START_S + number / rate
        cluster = "green" if at_s >= SWITCH_S + 0.302 else "blue"
        found.append((at_s, at_s, at_s + latency_s, lane, Outcome.OK, 200, cluster))
    return found


def row_at(
    at_s: float,
    *,
    latency_s: float = 0.005,
    outcome: Outcome = Outcome.OK,
    status: int = 200,
    cluster: str = "green",
    lane: int = 0,
) -> Row:
    return (at_s, at_s, at_s + latency_s, lane, outcome, status, cluster)


def evidence(
    found: list[Row],
    *,
    story: Story | None = None,
    lanes: tuple[Lane, ...] = (LANE,),
    streams: tuple[StreamRecord, ...] = (),
    stalls: tuple[Span, ...] = (),
    samples: Samples | None = None,
) -> Evidence:
    return Evidence(
        plan=Plan(lanes=lanes, streams=(STREAM,) if streams else (), warm_up_s=0.5),
        samples=samples or build_samples(sorted(found)),
        started_s=START_S,
        stopped_s=END_S,
        streams=streams,
        stalls=stalls,
        story=story if story is not None else Story(commands=[SWITCH]),
    )


def build_samples(rows: Sequence[tuple[float, float, float, int, Outcome, int, str]]) -> Samples:
    """Return samples of (scheduled, sent, done, lane, outcome, status, cluster), in that order."""
    samples = Samples()
    for scheduled_s, sent_s, done_s, lane, outcome, status, cluster in rows:
        row = samples.begin(scheduled_s, lane)
        samples.sent[row] = sent_s
        if outcome in (Outcome.OK, Outcome.BAD_STATUS):
            samples.finish(row, done_s, status=status, cluster=cluster.encode())
        elif outcome is not Outcome.PENDING:
            samples.fail(row, done_s, outcome)
    return samples
