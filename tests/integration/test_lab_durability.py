"""A lab cluster that is killed at any moment has, when it runs again, what it acknowledged."""

import http.client
import urllib.error
from pathlib import Path
from random import Random
from threading import Thread

from tests.integration.kubectl.cluster import RunningCluster, running_cluster

CONFIGS = "/api/v1/namespaces/default/configmaps"
KILLS = 3


def write_until_it_dies(cluster: RunningCluster, round_: int, acknowledged: list[str]) -> None:
    number = 0
    while True:
        name = f"c{round_}-{number}"
        body = {"metadata": {"name": name}, "data": {"filling": "x" * 500}}
        try:
            cluster.request("POST", CONFIGS, body)
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return
        acknowledged.append(name)
        number += 1


def test_every_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    rng = Random(5)  # noqa: S311 - when the kill comes
    acknowledged: list[str] = []

    with running_cluster(tmp_path, version="1.33") as cluster:
        for round_ in range(KILLS):
            before = len(acknowledged)
            enough = before + rng.randint(5, 60)
            writer = Thread(target=write_until_it_dies, args=(cluster, round_, acknowledged))
            writer.start()
            while len(acknowledged) < enough and writer.is_alive():
                writer.join(0.001)
            cluster.kill()
            writer.join()
            cluster.start()
        listed = cluster.request("GET", CONFIGS)

    assert len(acknowledged) > KILLS * 5
    names = {item["metadata"]["name"] for item in listed["items"]}
    assert set(acknowledged) - names == set()
    assert len(names - set(acknowledged)) <= KILLS + 1
