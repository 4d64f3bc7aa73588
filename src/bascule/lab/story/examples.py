"""Finds the example files that a demonstration uses: the package's own, or the checkout's."""

from importlib.resources import files
from pathlib import Path


def find_example(name: str) -> Path:
    """Return an example by its file's name."""
    packaged = Path(str(files("bascule.lab.story"))) / name
    return packaged if packaged.exists() else Path(__file__).parents[4] / "examples" / name
