"""The table of problem codes names every code that there is, and no other."""

import re

from tests.house import rules

CODE = re.compile(r'(?:Fault|_UnusableError)\(\s*"([A-Z]\w+)"|code="([A-Z]\w+)"|"(Certificate\w+)"')


def test_the_table_of_problem_codes_is_current() -> None:
    files = [p for part in ("manifest", "routing") for p in (rules.SRC / part).rglob("*.py")]
    used = {code for path in files for code in _codes(path.read_text())}
    text = (rules.ROOT / "docs" / "reference" / "ingress.md").read_text()
    table = text.partition("## Problems")[2]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = {code for row in rows for code in re.findall(r"`(\w+)`", row)}

    assert listed == used


def _codes(text: str) -> set[str]:
    return {code for groups in CODE.findall(text) for code in groups if code} - {
        "CertificateRef",
        "CertificateStore",
    }
