"""A plugin of pytest: what coverage counts is counted for the test file that is running.

A context for each file costs nothing; one for each test more than doubles the time of the tests.
"""

import pytest
from coverage import Coverage

from tests.house import rules


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Tell coverage whose test begins; what runs before the first is nobody's."""
    coverage = Coverage.current()
    if coverage is not None:
        coverage.switch_context(item.path.relative_to(rules.ROOT).as_posix())
