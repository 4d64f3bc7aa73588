"""Jobs: pods that run to their end, as often as was asked for."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.conditions import (
    Condition,
    find_condition,
    is_true,
    seconds_since,
    with_condition,
)
from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.ownership import (
    controller_keys,
    is_controlled_by,
    is_terminating,
    key_of,
)
from bascule.lab.controllers.pod_state import is_finished, is_ready
from bascule.lab.controllers.pod_template import build_pod
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.lifecycle import DeleteOptions
from bascule.lab.kubeapi.store import Store, timestamp

Object = dict[str, Any]

JOBS = "jobs.batch"
CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
INDEX = "batch.kubernetes.io/job-completion-index"
BACKOFF_FIRST_S = 10.0
BACKOFF_MAX_S = 360.0
SUCCESS_CRITERIA_SINCE_MINOR = 31


def admit_job(_resource: str, new: Object, old: Object | None) -> Object:
    """Give a new Job the selector and the labels by which it finds its pods."""
    spec = dict(new["spec"])
    if old is not None or spec.get("manualSelector") or spec.get("selector"):
        return new
    uid, name = new["metadata"]["uid"], new["metadata"]["name"]
    template = dict(spec.get("template") or {})
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {
        **(metadata.get("labels") or {}),
        CONTROLLER_UID: uid,
        JOB_NAME: name,
        "controller-uid": uid,
        "job-name": name,
    }
    spec["selector"] = {"matchLabels": {CONTROLLER_UID: uid}}
    spec["template"] = {**template, "metadata": metadata}
    labels = new["metadata"].get("labels") or dict(metadata["labels"])
    return {**new, "metadata": {**new["metadata"], "labels": labels}, "spec": spec}


class JobController:
    """Starts pods until enough of them have succeeded, or too many have failed."""

    resources = (JOBS, "pods")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events = EventRecorder(store, "job-controller")

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the Job itself, or the one that controls the pod."""
        return (key_of(change),) if change.resource == JOBS else controller_keys(change, "Job")

    def reconcile(self, key: Key) -> float | None:
        """Take the next step of one Job and write its status."""
        job = self._store.find(JOBS, key.name, key.namespace)
        if job is None or is_terminating(job):
            return None
        if is_true(job, "Complete") or is_true(job, "Failed"):
            return self._expire(job)
        uid = job["metadata"]["uid"]
        pods = [pod for pod in self._store.owned_by(uid, "pods") if is_controlled_by(pod, uid)]
        active = [pod for pod in pods if not is_finished(pod) and not is_terminating(pod)]
        succeeded = sorted(_index_of(pod) for pod in pods if _phase(pod) == "Succeeded")
        failed = sum(_phase(pod) == "Failed" for pod in pods)
        ending = self._ending(job, succeeded, pods, failed)
        again_s = None
        if ending is not None or job["spec"].get("suspend"):
            for pod in active:
                self._delete(job, pod)
            active = []
        else:
            again_s = self._start(job, active, succeeded, failed)
        self._write_status(key, len(succeeded), failed, ending)
        deadline_s = self._deadline_s(job)
        return min((wait for wait in (again_s, deadline_s) if wait is not None), default=None)

    # Ends.

    def _ending(
        self, job: Object, succeeded: list[int], pods: list[Object], failed: int
    ) -> Condition | None:
        spec = job["spec"]
        completions = spec.get("completions")
        restarts = sum(
            status.get("restartCount", 0)
            for pod in pods
            for status in (pod.get("status") or {}).get("containerStatuses") or ()
            if not is_finished(pod)
        )
        if failed + restarts > spec.get("backoffLimit", 6):
            return _failed("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        deadline_s = spec.get("activeDeadlineSeconds")
        began = (job.get("status") or {}).get("startTime")
        if deadline_s and began and seconds_since(began, self._store.clock.now()) >= deadline_s:
            message = "Job was active longer than specified deadline"
            return _failed("DeadlineExceeded", message)
        alive = any(not is_finished(pod) for pod in pods)
        if completions is None:
            is_done = bool(succeeded) and not alive
        else:
            is_done = len(set(succeeded) if _is_indexed(job) else succeeded) >= completions
        if not is_done:
            return None
        message = "Reached expected number of succeeded pods"
        return Condition(
            type="Complete", status="True", reason="CompletionsReached", message=message
        )

    def _deadline_s(self, job: Object) -> float | None:
        limit_s = job["spec"].get("activeDeadlineSeconds")
        if not limit_s:
            return None
        began = (job.get("status") or {}).get("startTime")
        passed_s = seconds_since(began, self._store.clock.now()) if began else 0.0
        return float(max(0.05, limit_s - passed_s))

    def _expire(self, job: Object) -> float | None:
        limit_s = job["spec"].get("ttlSecondsAfterFinished")
        if limit_s is None:
            return None
        condition = find_condition(job, "Complete") or find_condition(job, "Failed") or {}
        passed_s = seconds_since(condition.get("lastTransitionTime"), self._store.clock.now())
        if passed_s < limit_s:
            return float(limit_s - passed_s)
        options = DeleteOptions(propagation="Background")
        self._store.delete(JOBS, job["metadata"]["name"], job["metadata"]["namespace"], options)
        return None

    # Pods.

    def _start(
        self, job: Object, active: list[Object], succeeded: list[int], failed: int
    ) -> float | None:
        spec = job["spec"]
        parallelism = spec.get("parallelism", 1)
        completions = spec.get("completions")
        for pod in active[parallelism:]:
            self._delete(job, pod)
        missing = parallelism - len(active)
        if completions is not None:
            missing = min(missing, completions - len(succeeded) - len(active))
        elif succeeded:
            missing = 0
        if missing <= 0:
            return None
        pause_s = self._pause_s(job, failed)
        if pause_s > 0:
            return pause_s
        free = self._free_indices(job, active, succeeded)
        for number in range(missing):
            self._create(job, free[number] if number < len(free) else None)
        return None

    def _pause_s(self, job: Object, failed: int) -> float:
        """Return how long to wait before the next try: 10 s doubling after each failure."""
        if failed == 0:
            return 0.0
        uid = job["metadata"]["uid"]
        ends = [
            ended.get("finishedAt", "")
            for pod in self._store.owned_by(uid, "pods")
            if _phase(pod) == "Failed"
            for status in (pod.get("status") or {}).get("containerStatuses") or ()
            if (ended := status.get("state", {}).get("terminated"))
        ]
        wait_s = min(BACKOFF_FIRST_S * 2 ** (failed - 1), BACKOFF_MAX_S)
        passed_s = seconds_since(max(ends, default=""), self._store.clock.now())
        return max(0.0, wait_s - passed_s) if ends else 0.0

    def _free_indices(self, job: Object, active: list[Object], succeeded: list[int]) -> list[int]:
        if not _is_indexed(job):
            return []
        taken = {*succeeded, *(_index_of(pod) for pod in active)}
        return [n for n in range(job["spec"].get("completions") or 0) if n not in taken]

    def _create(self, job: Object, index: int | None) -> None:
        name = job["metadata"]["name"]
        more: Object = {"generateName": f"{name}-"}
        if index is not None:
            more = {
                "generateName": f"{name}-{index}-",
                "annotations": {INDEX: str(index)},
                "labels": {INDEX: str(index)},
            }
        pod = build_pod(job, job["spec"]["template"], **more)
        if index is not None:
            pod["spec"]["hostname"] = f"{name}-{index}"
            variable = {"name": "JOB_COMPLETION_INDEX", "value": str(index)}
            for container in pod["spec"]["containers"]:
                container["env"] = [*(container.get("env") or ()), variable]
        created = self._store.create("pods", pod)
        title = f"Created pod: {created['metadata']['name']}"
        self._events.record(job, Note("SuccessfulCreate", title))

    def _delete(self, job: Object, pod: Object) -> None:
        name = pod["metadata"]["name"]
        self._store.delete("pods", name, pod["metadata"]["namespace"])
        self._events.record(job, Note("SuccessfulDelete", f"Deleted pod: {name}"))

    # Status.

    def _write_status(
        self, key: Key, succeeded: int, failed: int, ending: Condition | None
    ) -> None:
        job = self._store.find(JOBS, key.name, key.namespace)
        if job is None:
            return
        now = self._store.clock.now()
        uid = job["metadata"]["uid"]
        owned = self._store.owned_by(uid, "pods")
        active = [pod for pod in owned if not is_finished(pod) and not is_terminating(pod)]
        before = job.get("status") or {}
        status: Object = {
            "active": len(active),
            "ready": sum(is_ready(pod) for pod in active),
            "succeeded": succeeded,
            "failed": failed,
            "terminating": sum(is_terminating(pod) and not is_finished(pod) for pod in owned),
        }
        kept = {"ready", "terminating"}
        status = {name: count for name, count in status.items() if count or name in kept}
        status["uncountedTerminatedPods"] = {}
        suspended = bool(job["spec"].get("suspend"))
        if not suspended:
            status["startTime"] = before.get("startTime") or timestamp(now)
        conditions = self._conditions(before, suspended=suspended)
        if ending is not None:
            conditions = self._ended(job, conditions, ending)
            if ending.type == "Complete":
                status["completionTime"] = timestamp(now)
        if conditions:
            status["conditions"] = conditions
        if _is_indexed(job):
            done = [_index_of(pod) for pod in owned if _phase(pod) == "Succeeded"]
            status["completedIndexes"] = _ranges(sorted(set(done)))
        self._store.update_status(JOBS, {**job, "status": status})

    def _conditions(self, before: Object, *, suspended: bool) -> list[Object]:
        conditions: list[Object] = before.get("conditions") or []
        known = any(item["type"] == "Suspended" for item in conditions)
        if not suspended and not known:
            return conditions
        word = "suspended" if suspended else "resumed"
        condition = Condition(
            type="Suspended",
            status=str(suspended),
            reason=f"Job{word.capitalize()}",
            message=f"Job {word}",
        )
        return with_condition(conditions, condition, self._store.clock.now())

    def _ended(self, job: Object, conditions: list[Object], ending: Condition) -> list[Object]:
        now = self._store.clock.now()
        if self._store.minor >= SUCCESS_CRITERIA_SINCE_MINOR:
            first = "SuccessCriteriaMet" if ending.type == "Complete" else "FailureTarget"
            announced = Condition(
                type=first, status="True", reason=ending.reason, message=ending.message
            )
            conditions = with_condition(conditions, announced, now)
        if ending.type == "Complete":
            self._events.record(job, Note("Completed", "Job completed"))
        else:
            self._events.record(job, Note(ending.reason, ending.message, "Warning"))
        return with_condition(conditions, ending, now)


def _failed(reason: str, message: str) -> Condition:
    return Condition(type="Failed", status="True", reason=reason, message=message)


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _is_indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def _index_of(pod: Object) -> int:
    return int((pod["metadata"].get("annotations") or {}).get(INDEX, "-1"))


def _ranges(numbers: list[int]) -> str:
    """Return `0-2,5` for 0, 1, 2, 5."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)
