"""What the witness saw: one value a request, times in monotonic seconds of the runtime."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request through the gateway. `status` 0 and `error` set: no answer came.

    `error` is one of connect, reset, timeout, tls, protocol, or empty.
    """

    target: str
    scheduled_s: float
    sent_s: float
    done_s: float
    status: int = 0
    error: str = ""

    @property
    def lateness_s(self) -> float:
        """How much too late the witness itself was."""
        return max(0.0, self.sent_s - self.scheduled_s)

    @property
    def latency_s(self) -> float:
        """From the scheduled time to the answer."""
        return self.done_s - self.scheduled_s

    @property
    def answer(self) -> str:
        """What came back in one word: a status, or why there is none."""
        return self.error or str(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The requests scheduled in `from_s` to `to_s`, in that order; `interval_s` a target."""

    from_s: float
    to_s: float
    interval_s: float
    samples: tuple[Sample, ...] = ()
    dropped: int = 0
    """Samples of the window that were no longer in memory."""
