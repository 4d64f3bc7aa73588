"""When each request is due: fixed before the first is sent, whatever the answers do."""

import heapq
from collections.abc import Iterator, Sequence


class Schedule:
    """Due times of several lanes, merged in order of time.

    Lane `i` is due at `start_s + phase + n / rates[i]`; phases spread the lanes over their
    intervals, so that they do not all fire at once.
    """

    def __init__(self, rates: Sequence[float], *, start_s: float, end_s: float) -> None:
        self._intervals = [1.0 / rate for rate in rates]
        self._first = [
            start_s + interval * (index + 0.5) / len(rates)
            for index, interval in enumerate(self._intervals)
        ]
        self._counts = [0] * len(rates)
        self._end_s = end_s
        self._heap = [(due, lane) for lane, due in enumerate(self._first) if due < end_s]
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
            following = self._first[lane] + self._counts[lane] * self._intervals[lane]
            if following < self._end_s:
                heapq.heapreplace(heap, (following, lane))
            else:
                heapq.heappop(heap)
            yield due, lane
