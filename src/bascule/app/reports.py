"""Writes the report of each upgrade when it ends, as a page and as JSON, each run its own."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from bascule.clock import Clock
from bascule.errors import JournalError, UsageError
from bascule.journal.record import Json, Record
from bascule.private_file import write_private
from bascule.report.evidence import build_evidence, find_run_id, render_evidence
from bascule.report.html import render_html
from bascule.storage.opening import Store
from bascule.upgrade.events import Result
from bascule.upgrade.run.events import Started, parse_run_event
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import GatewayState

SETTLE_MIN_S = 1.0
"""So long after the end the last samples are in."""
SETTLE_MAX_S = 4.0
"""So long is waited for what the witness saw of the last change."""
POLL_S = 0.2
SETTLE_POLL_S = 0.1
RUNS_SHOWN_MAX = 8
RUN_SHOWN = 8
"""So many characters of its run id tell the report of a run from others of its name."""
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.reports")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The reports of one gateway."""

    folder: Path
    store: Store
    clock: Clock

    async def keep_written(self, state: Callable[[], GatewayState]) -> None:
        """Write the report of each upgrade that ends, until cancelled; an earlier one's too."""
        written = ""
        while True:
            newest = state().upgrade
            if newest is not None and newest.is_over and newest.run_id != written:
                written = newest.run_id
                if not self.has(newest):
                    await self._settle(state)
                    await self._write_or_log(newest)
            await self.clock.sleep_until(self.clock.monotonic_s() + POLL_S)

    async def _settle(self, state: Callable[[], GatewayState]) -> None:
        begun_s = self.clock.monotonic_s()
        await self.clock.sleep_until(begun_s + SETTLE_MIN_S)
        while is_witness_awaited(state()) and self.clock.monotonic_s() < begun_s + SETTLE_MAX_S:
            await self.clock.sleep_until(self.clock.monotonic_s() + SETTLE_POLL_S)

    def path(self, run: UpgradeState) -> Path:
        """Return where the page of `run` is, or will be."""
        return name_report(self.folder, run.name, run.run_id)

    def has(self, run: UpgradeState) -> bool:
        """Whether the report of `run`, and not of another one of its name, is written."""
        try:
            known: Json = json.loads(self.path(run).with_suffix(".json").read_text())
        except (OSError, ValueError):
            return False
        return isinstance(known, dict) and known.get("run_id") == run.run_id

    async def _write_or_log(self, run: UpgradeState) -> None:
        try:
            document = await fetch_evidence(self.store, run.run_id)
            await asyncio.to_thread(self._write, run, document)
        except Exception as error:  # noqa: BLE001 — supervises: no report may end the runtime
            _LOG.warning("the report is not written", upgrade=run.name, reason=str(error))
        else:
            _LOG.info("the report is written", upgrade=run.name, file=str(self.path(run)))

    def _write(self, run: UpgradeState, document: dict[str, Json]) -> None:
        write_report(self.path(run), render_html(document))
        write_report(self.path(run).with_suffix(".json"), render_json(document))


def name_report(folder: Path, name: str, run_id: str) -> Path:
    """Return the file of a run's page; the JSON is beside it."""
    return folder / f"{name}-{run_id[:RUN_SHOWN]}.html"


def find_run(records: Sequence[Record], name: str | None, run: str) -> str:
    """Return the id of the run that begins with `run`, of the upgrade `name` if there is one.

    Raises UsageError unless it is exactly one.
    """
    events = [parse_run_event(r) for r in records if r.entry.kind == "upgrade_started"]
    begun = [e for e in events if isinstance(e, Started) and name in {None, e.upgrade}]
    found = [event.run_id for event in begun if event.run_id.startswith(run)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{e.run_id[:RUN_SHOWN]} ({e.upgrade})" for e in begun[-RUNS_SHOWN_MAX:])
    raise UsageError(
        f"{'several runs begin' if found else 'no run begins'} with {run!r}",
        remedy=f"the last runs are: {known}" if known else "no upgrade has been started",
    )


def is_witness_awaited(state: GatewayState) -> bool:
    """Whether the witness has yet to tell of the last change of the split."""
    done = [outcome for outcome in state.recent if outcome.result is Result.DONE]
    return bool(done) and done[-1].witness is None


async def fetch_evidence(store: Store, upgrade: str) -> dict[str, Json]:
    """Return the evidence of the newest run of that name, or of a run by its id, as JSON.

    Raises PlanError when the journal knows none, JournalError when it cannot be read.
    """
    records = await store.read()
    samples = await store.read_samples(find_run_id(records, upgrade))
    return await asyncio.to_thread(
        lambda: render_evidence(build_evidence(records, upgrade, samples))
    )


def render_json(document: dict[str, Json]) -> str:
    """Return the report as a JSON file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write_report(path: Path, text: str) -> None:
    """Write a file for its owner alone; its directory is made 0700.

    Raises JournalError when that cannot be.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, text.encode())
    except OSError as error:
        raise JournalError(
            f"{path} cannot be written: {error.strerror}", remedy="name another file"
        ) from error
