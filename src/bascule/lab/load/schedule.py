"""When each request is due: fixed before the first is sent, whatever the answers do."""

import heapq
import math
from collections.abc import Iterator, Sequence


class Schedule:
    """Due times of several lanes, merged in order of time.

    Rates rise evenly from 0 over the first `ramp_s` seconds and stay. Phases spread the lanes over
    their intervals, so that they do not all fire at once.
    """

    def __init__(
        self, rates: Sequence[float], *, start_s: float, end_s: float, ramp_s: float = 0.0
    ) -> None:
        self._rates = tuple(rates)
        self._phases = [(index + 0.5) / len(rates) for index in range(len(rates))]
        self._counts = [0] * len(rates)
        self._start_s = start_s
        self._end_s = end_s
        self._ramp_s = ramp_s
        firsts = [(self._due_s(lane), lane) for lane in range(len(rates))]
        self._heap = [(due, lane) for due, lane in firsts if due < end_s]
        heapq.heapify(self._heap)

    @property
    def next_due_s(self) -> float | None:
        """When the next request is due, or None when all were taken."""
        return self._heap[0][0] if self._heap else None

    def take(self, now_s: float) -> Iterator[tuple[float, int]]:
        """Yield (due, lane) of every request due by `now_s`, each once, oldest first."""
        heap = self._heap
        while heap and heap[0][0] <= now_s:
            due, lane = heap[0]
            self._counts[lane] += 1
            following = self._due_s(lane)
            if following < self._end_s:
                heapq.heapreplace(heap, (following, lane))
            else:
                heapq.heappop(heap)
            yield due, lane

    def _due_s(self, lane: int) -> float:
        """Return when the lane's next request is due: the area under its rate is its number."""
        number, rate = self._counts[lane] + self._phases[lane], self._rates[lane]
        if number < rate * self._ramp_s / 2:
            return self._start_s + math.sqrt(2 * number * self._ramp_s / rate)
        return self._start_s + number / rate + self._ramp_s / 2
