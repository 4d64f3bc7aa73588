"""The pages that are built from the code are current."""

import runpy
from collections.abc import Callable

import pytest

from tests.house import rules


def _load(script: str, function: str) -> Callable[[str, str], str]:
    found: Callable[[str, str], str] = runpy.run_path(str(rules.ROOT / "scripts" / script))[
        function
    ]
    return found


@pytest.mark.parametrize("name", ["platform-yaml.md", "upgrade-yaml.md"])
def test_the_page_of_a_users_file_is_current(name: str) -> None:
    page = (rules.ROOT / "docs/reference" / name).read_text()

    built = _load("build_upgrade_reference.py", "build_page")(page, name)

    assert built == page, "run scripts/build_upgrade_reference.py"
