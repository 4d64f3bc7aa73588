"""Commands of kubectl that go on while things happen: watch, follow, wait for what is to come."""

import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

from tests.integration.kubectl import manifests
from tests.integration.kubectl.cluster import RunningCluster

_numbers = count(1)


@contextmanager
def following(
    cluster: RunningCluster, *arguments: str, namespace: str
) -> Iterator[Callable[[], str]]:
    """Start a kubectl that does not end by itself; yields a function that reads its next line."""
    command = cluster.command(*arguments, namespace=namespace)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=cluster.environment()
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def new_namespace(cluster: RunningCluster) -> str:
    name = f"following-{next(_numbers)}"
    cluster.create_namespace(name)
    return name


def test_get_watch_prints_each_change_as_it_comes(cluster: RunningCluster) -> None:
    namespace = new_namespace(cluster)
    cluster.create_all(manifests.CONFIG, namespace)

    with following(
        cluster, "get", "cm", "-l", "app", "--watch", "--output-watch-events", namespace=namespace
    ) as next_line:
        header, first = next_line().split(), next_line().split()
        cluster.create_all(manifests.SECOND_CONFIG, namespace)
        second = next_line().split()
        cluster.request("DELETE", f"/api/v1/namespaces/{namespace}/configmaps/settings")
        third = next_line().split()

    assert header == ["EVENT", "NAME", "DATA", "AGE"]
    assert first[:3] == ["ADDED", "settings", "2"]
    assert second[:3] == ["ADDED", "other", "1"]
    assert third[:3] == ["DELETED", "settings", "2"]


def test_get_watch_sees_an_object_leave_its_selector_as_deleted(cluster: RunningCluster) -> None:
    namespace = new_namespace(cluster)
    cluster.create_all(manifests.CONFIG, namespace)

    with following(
        cluster,
        "get", "cm", "-l", "app=shop", "-w", "--output-watch-events", "--no-headers",
        namespace=namespace,
    ) as next_line:  # fmt: skip
        first = next_line().split()
        cluster.kubectl("label", "cm", "settings", "app-", namespace=namespace)
        second = next_line().split()

    assert first[:2] == ["ADDED", "settings"]
    assert second[:2] == ["DELETED", "settings"]


def test_wait_for_deletion_returns_when_the_object_is_gone(cluster: RunningCluster) -> None:
    namespace = new_namespace(cluster)
    held = manifests.CONFIG.replace("labels:", "finalizers: [example.com/hold], labels:")
    cluster.create_all(held, namespace)
    cluster.kubectl("delete", "cm", "settings", "--wait=false", namespace=namespace)

    wait = ("wait", "--for=delete", "cm/settings", "--timeout=20s")
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(cluster.kubectl, *wait, namespace=namespace)
        patch = '{"metadata": {"finalizers": null}}'
        cluster.kubectl("patch", "cm", "settings", "--type=merge", "-p", patch, namespace=namespace)
        waited = waiting.result()

    assert (waited.code, waited.err) == (0, "")
    # kubectl says nothing of an object that is gone before its first look.
    assert waited.out in {"configmap/settings condition met\n", ""}
    assert cluster.kubectl("get", "cm", "settings", namespace=namespace).code == 1


def test_logs_show_follow_and_cut_the_lines_of_a_container(cluster: RunningCluster) -> None:
    namespace = new_namespace(cluster)
    pod = manifests.POD.replace("}]", ", ports: [{containerPort: 8080}]}]")
    cluster.create_all(pod, namespace)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/box", namespace=namespace)
    address = cluster.kubectl(
        "get", "pod", "box", "-o", "jsonpath={.status.podIP}", namespace=namespace
    ).out

    def visit(path: str) -> None:
        urllib.request.urlopen(f"http://{address}:8080{path}").close()

    visit("/one")
    visit("/two")
    last = cluster.kubectl("logs", "box", "--tail=1", namespace=namespace)
    stamped = cluster.kubectl("logs", "box", "-c", "box", "--timestamps", namespace=namespace)
    with following(cluster, "logs", "-f", "box", "--tail=1", namespace=namespace) as next_line:
        before = next_line()
        visit("/three")
        after = next_line()

    assert "/two" in last.out
    assert last.out.count("\n") == 1
    assert stamped.out.splitlines()[-1][:2] == "20"
    assert "/one" in stamped.out
    assert "/two" in before
    assert "/three" in after


def test_logs_are_not_there_without_the_feature(cluster: RunningCluster) -> None:
    namespace = new_namespace(cluster)
    cluster.create_all(manifests.POD, namespace)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/box", namespace=namespace)

    cluster.order_faults({"disabledFeatures": ["logs"]})
    try:
        outcome = cluster.kubectl("logs", "box", namespace=namespace)
    finally:
        cluster.order_faults({})

    assert outcome.code == 1
