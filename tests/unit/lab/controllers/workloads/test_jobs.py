from typing import Any

import pytest

from bascule.lab.controllers.conditions import find_condition, is_true
from bascule.lab.controllers.workloads.jobs import INDEX, JOBS, JobController, admit_job
from tests.support.lab_plane import FakeKubelet, Plane, end_pod, template

Object = dict[str, Any]


class World(Plane):
    def __init__(self) -> None:
        super().__init__()
        self.store.add_admission(JOBS, admit_job)
        self.controllers = [JobController(self.store), FakeKubelet(self.store)]

    def start(self, **spec: Any) -> None:
        job = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "work"},
            "spec": {"template": template("work", restartPolicy="Never"), **spec},
        }
        self.create(JOBS, job)
        self.settle()

    def end(self, phase: str, count: int = 1) -> None:
        """End the first pods that still run."""
        pods = self.store.list("pods", "default").items
        running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
        for pod in running[:count]:
            end_pod(self.store, pod["metadata"]["name"], phase)
        self.settle()

    @property
    def status(self) -> Object:
        status: Object = self.get(JOBS, "work")["status"]
        return status


@pytest.fixture
def world() -> World:
    return World()


def test_a_job_is_complete_when_its_pod_has_succeeded(world: World) -> None:
    world.start()
    assert world.status["active"] == 1

    world.end("Succeeded")

    assert world.status["succeeded"] == 1
    assert is_true(world.get(JOBS, "work"), "Complete")
    assert is_true(world.get(JOBS, "work"), "SuccessCriteriaMet")
    assert "completionTime" in world.status
    assert world.reasons("Job") == ["SuccessfulCreate", "Completed"]


def test_a_job_finds_its_pods_by_labels_of_its_own(world: World) -> None:
    world.start()

    job = world.get(JOBS, "work")
    labels = world.store.list("pods", "default").items[0]["metadata"]["labels"]
    assert labels["job-name"] == labels["batch.kubernetes.io/job-name"] == "work"
    assert job["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_no_more_pods_run_than_are_still_needed(world: World) -> None:
    world.start(completions=3, parallelism=2)
    assert len(world.names("pods")) == 2

    world.end("Succeeded", 2)

    assert len(world.names("pods")) == 3
    world.end("Succeeded")
    assert is_true(world.get(JOBS, "work"), "Complete")


def test_a_work_queue_is_done_when_one_has_succeeded_and_none_runs(world: World) -> None:
    world.start(parallelism=2)

    world.end("Succeeded")
    assert not is_true(world.get(JOBS, "work"), "Complete")

    world.end("Succeeded")
    assert is_true(world.get(JOBS, "work"), "Complete")


def test_failures_are_tried_again_after_a_pause_up_to_the_limit(world: World) -> None:
    world.start(backoffLimit=1)
    world.end("Failed")
    world.after(11)
    assert len(world.names("pods")) == 2

    world.end("Failed")

    condition = find_condition(world.get(JOBS, "work"), "Failed") or {}
    assert condition["reason"] == "BackoffLimitExceeded"
    assert world.status["failed"] == 2


def test_a_job_that_takes_too_long_fails_and_its_pods_are_ended(world: World) -> None:
    world.start(activeDeadlineSeconds=5)

    world.after(6)

    condition = find_condition(world.get(JOBS, "work"), "Failed") or {}
    assert condition["reason"] == "DeadlineExceeded"
    assert world.names("pods") == []


def test_a_suspended_job_runs_nothing_until_it_is_resumed(world: World) -> None:
    world.start(suspend=True)
    assert world.names("pods") == []

    world.change(JOBS, "work", {"spec": {"suspend": False}})
    world.settle()

    assert len(world.names("pods")) == 1
    assert (find_condition(world.get(JOBS, "work"), "Suspended") or {})["reason"] == "JobResumed"


def test_indexed_pods_know_their_index(world: World) -> None:
    world.start(completions=3, parallelism=3, completionMode="Indexed")

    pods = world.store.list("pods", "default").items
    assert sorted(pod["metadata"]["annotations"][INDEX] for pod in pods) == ["0", "1", "2"]

    world.end("Succeeded", 3)

    assert world.status["completedIndexes"] == "0-2"
    assert is_true(world.get(JOBS, "work"), "Complete")


def test_less_parallelism_ends_pods(world: World) -> None:
    world.start(completions=5, parallelism=3)

    world.change(JOBS, "work", {"spec": {"parallelism": 1}})
    world.settle()

    assert len(world.names("pods")) == 1


def test_a_finished_job_goes_when_its_time_to_live_is_over(world: World) -> None:
    world.start(ttlSecondsAfterFinished=30)
    world.end("Succeeded")

    world.after(31)

    assert world.names(JOBS) == []
