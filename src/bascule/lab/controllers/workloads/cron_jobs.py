"""CronJobs: Jobs made on schedule."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bascule.lab.controllers.conditions import is_true, parse_time
from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.ownership import (
    controller_keys,
    controller_reference,
    is_controlled_by,
    is_terminating,
    key_of,
)
from bascule.lab.controllers.work import Key
from bascule.lab.controllers.workloads.cron_schedule import (
    Schedule,
    ScheduleError,
    parse_schedule,
)
from bascule.lab.controllers.workloads.jobs import JOBS
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.lifecycle import DeleteOptions
from bascule.lab.kubeapi.objects.defaults import fill_defaults
from bascule.lab.kubeapi.store import Store, timestamp

Object = dict[str, Any]

CRON_JOBS = "cronjobs.batch"
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MISSED_MAX = 100
"""Past so many missed times an Event says so."""
_BACKGROUND = DeleteOptions(propagation="Background")


class CronJobController:
    """Starts each Job at its minute, and keeps as many finished ones as the CronJob says."""

    resources = (CRON_JOBS, JOBS)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events = EventRecorder(store, "cronjob-controller")

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the CronJob itself, or the one that controls the Job."""
        if change.resource == CRON_JOBS:
            return (key_of(change),)
        return controller_keys(change, "CronJob")

    def reconcile(self, key: Key) -> float | None:
        """Start what is due; return the seconds until the next time."""
        cron = self._store.find(CRON_JOBS, key.name, key.namespace)
        if cron is None or is_terminating(cron):
            return None
        jobs = self._jobs(cron)
        self._trim(cron, jobs)
        scheduled = None
        again_s: float | None = None
        if not cron["spec"].get("suspend"):
            try:
                schedule = parse_schedule(cron["spec"]["schedule"])
                zone = ZoneInfo(cron["spec"].get("timeZone") or "UTC")
            except (ScheduleError, ZoneInfoNotFoundError, ValueError) as error:
                note = Note("UnparseableSchedule", f"unparseable schedule: {error}", "Warning")
                self._events.record(cron, note)
                return None
            scheduled = self._start_due(cron, jobs, schedule, zone)
            again_s = self._until_next(schedule, zone)
        self._write_status(key, scheduled)
        return again_s

    def _jobs(self, cron: Object) -> list[Object]:
        uid = cron["metadata"]["uid"]
        return [job for job in self._store.owned_by(uid, JOBS) if is_controlled_by(job, uid)]

    def _until_next(self, schedule: Schedule, zone: ZoneInfo) -> float | None:
        now = self._store.clock.now()
        following = schedule.next_after(now.astimezone(zone))
        return None if following is None else (following - now).total_seconds() + 0.01

    # Starting.

    def _start_due(
        self, cron: Object, jobs: list[Object], schedule: Schedule, zone: ZoneInfo
    ) -> datetime | None:
        due = self._latest_due(cron, schedule, zone)
        if due is None:
            return None
        active = [job for job in jobs if not _is_done(job)]
        policy = cron["spec"].get("concurrencyPolicy", "Allow")
        if active and policy == "Forbid":
            cause = "prior execution is running and concurrency policy is Forbid"
            note = Note("JobAlreadyActive", f"Not starting job because {cause}")
            self._events.record(cron, note)
            return None
        if policy == "Replace":
            for job in active:
                self._delete(cron, job)
        self._create(cron, due)
        return due

    def _latest_due(self, cron: Object, schedule: Schedule, zone: ZoneInfo) -> datetime | None:
        """Return the last due minute that has not been acted upon, if it may still be."""
        now = self._store.clock.now()
        status = cron.get("status") or {}
        last = parse_time(status.get("lastScheduleTime"))
        since = last or parse_time(cron["metadata"]["creationTimestamp"]) or now
        limit_s = cron["spec"].get("startingDeadlineSeconds")
        if limit_s is not None:
            since = max(since, now - timedelta(seconds=limit_s))
        following = schedule.next_after(since.astimezone(zone))
        if following is None or following > now:
            return None
        due = _latest(schedule, since.astimezone(zone), now)
        if due is not None:
            return due
        message = f"too many missed start times (> {MISSED_MAX}), only the last one is made up for"
        self._events.record(cron, Note("TooManyMissedTimes", message, "Warning"))
        gap = (schedule.next_after(following) or following) - following
        return _latest(schedule, (now - 2 * gap).astimezone(zone), now)

    def _create(self, cron: Object, due: datetime) -> None:
        name = f"{cron['metadata']['name'][:52]}-{int(due.timestamp()) // 60}"
        namespace = cron["metadata"]["namespace"]
        if self._store.find(JOBS, name, namespace) is not None:
            return
        template = cron["spec"]["jobTemplate"]
        of_template = template.get("metadata") or {}
        metadata = {
            "name": name,
            "namespace": namespace,
            "labels": dict(of_template.get("labels") or {}),
            "annotations": {**(of_template.get("annotations") or {}), SCHEDULED_AT: timestamp(due)},
            "ownerReferences": [controller_reference(cron)],
        }
        head = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
        job = {**head, "spec": template.get("spec") or {}}
        self._store.create(JOBS, fill_defaults(job, minor=self._store.minor))
        self._events.record(cron, Note("SuccessfulCreate", f"Created job {name}"))

    # Keeping order.

    def _trim(self, cron: Object, jobs: list[Object]) -> None:
        for condition, field, default in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            ended = [job for job in jobs if is_true(job, condition) and not is_terminating(job)]
            ended.sort(key=lambda job: job["metadata"]["creationTimestamp"])
            limit = cron["spec"].get(field, default)
            for job in ended[: max(0, len(ended) - limit)]:
                self._delete(cron, job)

    def _delete(self, cron: Object, job: Object) -> None:
        name = job["metadata"]["name"]
        self._store.delete(JOBS, name, job["metadata"]["namespace"], _BACKGROUND)
        self._events.record(cron, Note("SuccessfulDelete", f"Deleted job {name}"))

    def _write_status(self, key: Key, scheduled: datetime | None) -> None:
        cron = self._store.find(CRON_JOBS, key.name, key.namespace)
        if cron is None:
            return
        jobs = self._jobs(cron)
        status = dict(cron.get("status") or {})
        if scheduled is not None:
            status["lastScheduleTime"] = timestamp(scheduled)
        ends = [(job.get("status") or {}).get("completionTime", "") for job in jobs]
        latest = max([*ends, status.get("lastSuccessfulTime", "")], default="")
        if latest:
            status["lastSuccessfulTime"] = latest
        status["active"] = [_reference(job) for job in jobs if not _is_done(job)]
        if not status["active"]:
            status.pop("active")
        self._store.update_status(CRON_JOBS, {**cron, "status": status})


def _latest(schedule: Schedule, since: datetime, now: datetime) -> datetime | None:
    """Return the last due minute in between; None if there are none or too many to count."""
    due = None
    candidate = schedule.next_after(since)
    for _ in range(MISSED_MAX):
        if candidate is None or candidate > now:
            return due
        due = candidate.astimezone(UTC)
        candidate = schedule.next_after(candidate)
    return None


def _is_done(job: Object) -> bool:
    return is_true(job, "Complete") or is_true(job, "Failed")


def _reference(job: Object) -> Object:
    metadata = job["metadata"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }
