"""One cluster for all checks of a worker; each check has a namespace of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.kubectl.cluster import RunningCluster, running_cluster

VERSION = "1.36"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with running_cluster(tmp_path_factory.mktemp("kubectl"), version=VERSION) as running:
        yield running
