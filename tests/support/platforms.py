"""Platforms for tests: the article's, with a green, and what Azure would have of them."""

from pathlib import Path

from bascule.errors import SpecError
from bascule.platform.desired.ids import Ids
from bascule.spec.load import parse_platform
from bascule.spec.platform import Platform
from tests.support.fake_arm import SUBSCRIPTION

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

SMALL = """\
name: shop
location: chinanorth2
resourceGroup: rg
network:
  name: net
  addressSpace: [10.0.0.0/8]
  subnets:
    - {name: front, prefix: 10.1.0.0/16}
    - {name: nodes, prefix: 10.240.0.0/16}
publicIp: {name: ip}
gateway: {name: gw, subnet: front}
clusters:
  blue:
    name: old
    subnet: nodes
    pools: [{name: nodepool1}]
"""
GREEN = """\
  green:
    name: new
    version: "1.36"
    egress: {acknowledged: true}
"""
COUNTED = SMALL.replace("subnet: front}", "subnet: front, capacity: 2}")
"""The same, with a gateway whose instances are counted."""
CONTROLLER = "controller: {identity: bascule-controller}\n"


def read_platform(text: str = SMALL) -> Platform:
    return parse_platform(text, "dir/platform.yaml")


def read_ids(text: str = SMALL) -> Ids:
    return Ids(read_platform(text), SUBSCRIPTION)


def mistakes_of(text: str) -> list[str]:
    """Return what is told of a platform's text, one line for each mistake; none for a good one."""
    try:
        read_platform(text)
    except SpecError as error:
        told = f"{error}\n{error.remedy}".removesuffix("\n").split("\nalso ")
        return [line.replace("\n", " | ") for line in told]
    return []
