"""Imports `dataclasses` without `inspect`, which alone takes a tenth of what a lean verb may take.

It looks at signatures for classes without a docstring only, and ours have one. Where it needs
`inspect` all the same, that is imported then; everybody else gets the real one.
"""

import sys
from importlib import import_module
from types import ModuleType


class _LateModule(ModuleType):
    """A module that is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> object:  # type: ignore[explicit-override]  # typing_extensions takes 5 ms to import
        return getattr(import_module(self.__name__), name)


def import_dataclasses() -> None:
    """Do so, unless one of the two is there already."""
    if "dataclasses" in sys.modules or "inspect" in sys.modules:
        return
    sys.modules["inspect"] = _LateModule("inspect")
    try:
        import_module("dataclasses")
    finally:
        del sys.modules["inspect"]
