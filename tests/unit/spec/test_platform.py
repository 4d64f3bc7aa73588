from pathlib import Path

import pytest

from bascule.spec.load import parse_platform
from tests.support.platforms import EXAMPLES, SMALL, mistakes_of, read_platform


@pytest.mark.parametrize("name", ["article", "green"])
def test_the_examples_are_read(name: str) -> None:
    path = EXAMPLES / f"platform-{name}.yaml"

    platform = parse_platform(path.read_text(), path)

    assert platform.location == "chinanorth2"
    assert platform.gateway.name == "AppGateway"
    assert (platform.clusters.green is not None) == (name == "green")


def test_paths_count_from_the_directory_of_the_file() -> None:
    platform = parse_platform(f"{SMALL}prices: prices.yaml\n", Path("/etc/shop/platform.yaml"))

    assert platform.prices == Path("/etc/shop/prices.yaml")


def test_the_cloud_is_the_public_one_if_nothing_is_said() -> None:
    assert read_platform().cloud == "AzureCloud"


def test_all_mistakes_are_told_together() -> None:
    told = mistakes_of(SMALL.replace("name: shop", "name: Shop").replace("rg\n", "r/g\n"))

    assert len(told) == 2
    assert told[0].startswith("dir/platform.yaml:1:1: name:")
