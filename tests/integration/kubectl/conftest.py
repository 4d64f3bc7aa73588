"""One cluster for all checks of a worker; each check has a namespace of its own."""

from collections.abc import Iterator

import pytest

from bascule.lab.supervisor.networks import hold_network, locks_directory
from tests.integration.kubectl.cluster import RunningCluster

VERSION = "1.36"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    network = hold_network(locks_directory())
    running = RunningCluster(
        tmp_path_factory.mktemp("kubectl"), version=VERSION, network=network.prefix
    )
    try:
        running.start()
        yield running
    finally:
        running.stop()
        network.release()
