import subprocess
import sys

from bascule.cli.quick import import_dataclasses

_QUICK = """
import sys
from bascule.cli.quick import import_dataclasses
import_dataclasses()
assert "inspect" not in sys.modules
import dataclasses
@dataclasses.dataclass
class Bare:
    number: int
print(Bare.__doc__)
import inspect
print(inspect.signature(Bare))
"""


def test_dataclasses_come_without_inspect_and_get_it_when_they_need_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _QUICK], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["Bare(number: int)", "(number: int) -> None"]


def test_where_they_are_there_already_nothing_is_done() -> None:
    before = sys.modules["inspect"]

    import_dataclasses()

    assert sys.modules["inspect"] is before
