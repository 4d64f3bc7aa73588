"""Upgrades for tests: the least text that is one, and what it says."""

from pathlib import Path

from bascule.errors import SpecError
from bascule.spec.load import parse_upgrade
from bascule.spec.upgrade import Upgrade

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
UPGRADES = sorted(
    file
    for file in EXAMPLES.glob("*.yaml")
    if file.name != "gateway.yaml" and not file.name.startswith("platform")
)

SMALL = """\
name: shop-1-36
platform:
  type: existing
  blue: {kubeconfig: k.yaml, context: old}
  green: {kubeconfig: k.yaml, context: new}
gateway:
  name: shop
"""


def read_upgrade(text: str = "", file: str = "dir/upgrade.yaml") -> Upgrade:
    """Return the upgrade that `SMALL` and these further lines describe."""
    return parse_upgrade(SMALL + text, file, no_file)


def mistakes_of(text: str) -> list[str]:
    """Return what is told of `SMALL` with these further lines, one text for each mistake."""
    return told_of(SMALL + text)


def told_of(text: str) -> list[str]:
    """Return what is told of an upgrade, one text for each mistake; none for a good one."""
    try:
        parse_upgrade(text, "dir/upgrade.yaml", no_file)
    except SpecError as error:
        told = f"{error}\n{error.remedy}".removesuffix("\n").split("\nalso ")
        return [line.replace("\n", " | ") for line in told]
    return []


def no_file(path: Path) -> str:
    """Refuse to read: the upgrade of a test names no file."""
    raise AssertionError(f"{path} was to be read")
