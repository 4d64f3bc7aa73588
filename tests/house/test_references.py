"""The pages that are built from the code are current."""

import runpy
from collections.abc import Callable

from tests.house import rules


def _load(script: str, function: str) -> Callable[[str], str]:
    found: Callable[[str], str] = runpy.run_path(str(rules.ROOT / "scripts" / script))[function]
    return found


def test_the_page_of_the_upgrade_file_is_current() -> None:
    page = (rules.ROOT / "docs/reference/upgrade-yaml.md").read_text()

    built = _load("build_upgrade_reference.py", "build_page")(page)

    assert built == page, "run scripts/build_upgrade_reference.py"
