from bascule.checks.findings import Finding, Severity, render_finding, sort_findings

WARNING = Finding(severity=Severity.WARNING, code="B", subject="green", message="older")
BLOCKER = Finding(severity=Severity.BLOCKER, code="Z", subject="blue", message="away", remedy="go")
INFO = Finding(severity=Severity.INFO, code="A", subject="green", message="fine")


def test_the_worst_comes_first_and_nothing_twice() -> None:
    assert sort_findings([INFO, WARNING, BLOCKER, INFO]) == (BLOCKER, WARNING, INFO)


def test_equally_bad_findings_are_sorted_by_code() -> None:
    other = Finding(severity=Severity.WARNING, code="A", subject="z", message="m")

    assert sort_findings([WARNING, other]) == (other, WARNING)


def test_a_finding_is_shown_with_all_that_it_says() -> None:
    assert render_finding(BLOCKER) == {
        "severity": "blocker",
        "code": "Z",
        "subject": "blue",
        "message": "away",
        "remedy": "go",
    }
