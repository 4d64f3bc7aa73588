from typing import Any

from bascule.lab.controllers.workloads.cron_jobs import CRON_JOBS, CronJobController
from bascule.lab.controllers.workloads.jobs import JOBS
from tests.support.lab_plane import Plane, template

Object = dict[str, Any]


class World(Plane):
    def __init__(self, **spec: Any) -> None:
        super().__init__()
        self.controllers = [CronJobController(self.store)]
        job = {"spec": {"template": template("tick", restartPolicy="Never")}}
        cron = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "tick"},
            "spec": {"schedule": "* * * * *", "jobTemplate": job, **spec},
        }
        self.create(CRON_JOBS, cron)
        self.settle()

    def end(self, condition: str = "Complete") -> None:
        """End every Job that runs."""
        for name in self.names(JOBS):
            conditions = [{"type": condition, "status": "True"}]
            self.store.patch_status(JOBS, name, "default", {"conditions": conditions})
        self.settle()


def test_a_job_starts_at_each_minute() -> None:
    world = World()
    assert world.names(JOBS) == []

    world.after(61)
    world.after(60)

    assert len(world.names(JOBS)) == 2
    status = world.get(CRON_JOBS, "tick")["status"]
    assert status["lastScheduleTime"] == "2026-01-01T00:02:00Z"
    assert len(status["active"]) == 2


def test_forbid_starts_nothing_beside_a_job_that_runs() -> None:
    world = World(concurrencyPolicy="Forbid")
    world.after(61)

    world.after(60)

    assert len(world.names(JOBS)) == 1
    assert "JobAlreadyActive" in world.reasons("CronJob")


def test_replace_ends_the_job_that_runs() -> None:
    world = World(concurrencyPolicy="Replace")
    world.after(61)
    first = world.names(JOBS)

    world.after(60)

    assert len(world.names(JOBS)) == 1
    assert world.names(JOBS) != first


def test_a_suspended_cron_job_starts_nothing() -> None:
    world = World(suspend=True)

    world.after(120)

    assert world.names(JOBS) == []


def test_old_jobs_are_deleted_past_the_limits() -> None:
    world = World(successfulJobsHistoryLimit=1, failedJobsHistoryLimit=0)
    for _ in range(3):
        world.after(60)
        world.end()

    assert len(world.names(JOBS)) == 1
    world.after(60)
    world.end("Failed")
    assert world.names(JOBS) == []


def test_a_schedule_that_cannot_be_read_is_told() -> None:
    world = World(schedule="every minute")

    assert world.reasons("CronJob") == ["UnparseableSchedule"]


def test_one_run_makes_up_for_many_missed_ones() -> None:
    world = World()

    world.after(3600 * 5)

    assert len(world.names(JOBS)) == 1
    assert "TooManyMissedTimes" in world.reasons("CronJob")


def test_a_start_that_is_too_late_is_left_out() -> None:
    world = World(schedule="0 * * * *", startingDeadlineSeconds=10)

    world.after(3600 + 30)

    assert world.names(JOBS) == []
