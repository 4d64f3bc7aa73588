"""The product reaches a lab by URL and credentials alone: no line of it knows that there is one."""

import re
from pathlib import Path

import pytest

from tests.house import rules

ABOUT_THE_LAB = ("lab/", "cli/lab_", "cli/demo_command.py", "cli/verbs.py")
"""The lab itself, the verbs that start it, and the list of all verbs."""
SPECIAL_CASES = re.compile(
    r"\blabs?\b|bascule-lab|\bis_lab|emulat|\bfake\b|127\.(?!0\.0\.1\b)\d+\.\d+\.\d+",
    re.IGNORECASE,
)
SAYING = "proven in the lab only"
"""What reports and plans say of Azure; no decision hangs on it."""


def product_files() -> list[Path]:
    files = sorted(rules.SRC.rglob("*.py"))
    return [f for f in files if not str(f.relative_to(rules.SRC)).startswith(ABOUT_THE_LAB)]


def find_special_cases(text: str) -> list[str]:
    return [
        line.strip() for line in text.replace(SAYING, "").splitlines() if SPECIAL_CASES.search(line)
    ]


def test_the_product_has_no_special_case_for_the_lab() -> None:
    found = {
        str(file.relative_to(rules.SRC)): lines
        for file in product_files()
        if (lines := find_special_cases(file.read_text()))
    }

    assert found == {}
    assert len(product_files()) > 300


@pytest.mark.parametrize(
    "line",
    [
        'if cloud.name == "lab":',
        "is_lab = True",
        'verify = "bascule-lab" not in server',
        'if address.startswith("127.255.0.1"):',
        "# the emulator answers otherwise",
    ],
)
def test_a_special_case_would_be_found(line: str) -> None:
    assert find_special_cases(f"x = 1\n{line}\n") == [line]


def test_to_say_where_it_is_proven_is_no_special_case() -> None:
    assert find_special_cases(f'TEXT = "what is done is {SAYING}."') == []


def test_loopback_itself_is_no_special_case() -> None:
    assert find_special_cases('listen = "127.0.0.1"') == []
