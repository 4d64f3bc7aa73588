"""What to do when no token is given."""

import pytest

from bascule.azure.credentials import CredentialKind
from bascule.azure.sign_in import MESSAGE_MAX, remedy_for, tell_failure

SAID = (
    "AADSTS7000215: Invalid client secret provided. Trace ID: 1a Correlation ID: 2b "
    "Timestamp: 2026-11-23 07:00:00Z"
)


def test_a_failure_is_told_on_one_line_without_traces_and_secrets() -> None:
    assert tell_failure(SAID) == "AADSTS7000215: Invalid client secret provided."
    assert tell_failure("a\n  b\tclient_secret=hush") == "a b client_secret=[redacted]"
    assert tell_failure('(invalid_client) no\nContent: {"error":\n1}') == "(invalid_client) no"
    assert len(tell_failure("x" * 5_000)) == MESSAGE_MAX


def test_the_code_of_entra_says_what_to_do() -> None:
    assert "value" in remedy_for(SAID, CredentialKind.SECRET)
    assert "federated" in remedy_for("AADSTS700213: no match", CredentialKind.SECRET)


@pytest.mark.parametrize("kind", list(CredentialKind))
def test_without_a_known_code_the_kind_says_what_to_do(kind: CredentialKind) -> None:
    assert remedy_for("AADSTS1: unheard of", kind) == remedy_for("no", kind) != ""
