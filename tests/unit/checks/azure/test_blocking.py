from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.findings import Severity


def test_a_blocker_and_a_warning_differ_in_severity_alone() -> None:
    words = ("Code", "green", "what happened", "what to do")

    assert blocker(*words).severity is Severity.BLOCKER
    assert warning(*words).severity is Severity.WARNING
    assert blocker(*words).remedy == "what to do"
