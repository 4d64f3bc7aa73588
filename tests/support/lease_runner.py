"""A runner in a process of its own: records, checks its lease, then writes to the gateway.

Run as `python -m tests.support.lease_runner URL GATEWAY OWNER TTL_S EFFECTS NAP`. EFFECTS is a file
that stands for the gateway; each line of it is a write. At NAP (`append`, `check` or `never`) of
one round it stops itself as SIGSTOP does from outside, until somebody sends SIGCONT.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.errors import StaleWriterError
from bascule.ids import GatewayName
from bascule.journal.record import Entry
from bascule.storage.opening import Owned, acquire_store, parse_location

PAUSE_S = 0.005
ROUNDS_MAX = 100_000
NAP_ROUND = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    owner: str
    effects: Path
    nap: str
    clock: SystemClock

    async def work(self, owned: Owned) -> None:
        seq = len(await owned.store.read())
        for number in range(ROUNDS_MAX):
            self._nap_at("append", number)
            entry = Entry(at=self.clock.now(), actor=self.owner, kind="note")
            await owned.store.append([entry], expected_seq=seq)
            seq += 1
            self._nap_at("check", number)
            owned.lease.check()
            with self.effects.open("a") as file:
                file.write(f"{self.owner}\n")
            await self.clock.sleep_until(self.clock.monotonic_s() + PAUSE_S)

    def _nap_at(self, place: str, number: int) -> None:
        if self.nap == place and number == NAP_ROUND:
            os.kill(os.getpid(), signal.SIGSTOP)


async def run(url: str, gateway: str, runner: Runner, *, ttl_s: float) -> None:
    location = parse_location(url, gateway=GatewayName(gateway))
    async with acquire_store(
        location, owner=runner.owner, clock=runner.clock, ttl_s=ttl_s, wait=True
    ) as owned:
        _tell("acquired")
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(owned.lease.keep())
            await runner.work(owned)
            keeper.cancel()


def main() -> None:
    url, gateway, owner, ttl_s, effects, nap = sys.argv[1:]
    runner = Runner(owner=owner, effects=Path(effects), nap=nap, clock=SystemClock())
    try:
        asyncio.run(run(url, gateway, runner, ttl_s=float(ttl_s)))
    except* StaleWriterError as errors:
        _tell(f"stale: {errors.exceptions[0]}")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
