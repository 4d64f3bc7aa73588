"""Which credential the environment allows."""

from pathlib import Path

import pytest

from bascule.azure.credentials import CredentialKind, find_settings
from bascule.errors import SpecError

WHO = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"}
SECRET = {**WHO, "AZURE_CLIENT_SECRET": "s3cret"}
CERTIFICATE = {**WHO, "AZURE_CLIENT_CERTIFICATE_PATH": "/cert.pem"}
WORKLOAD = {**WHO, "AZURE_FEDERATED_TOKEN_FILE": "/token"}
MANAGED = {"IDENTITY_ENDPOINT": "http://localhost"}


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({**SECRET, **CERTIFICATE, **WORKLOAD, **MANAGED}, CredentialKind.SECRET),
        ({**CERTIFICATE, **WORKLOAD, **MANAGED}, CredentialKind.CERTIFICATE),
        ({**WORKLOAD, **MANAGED}, CredentialKind.WORKLOAD_IDENTITY),
        ({**WHO, **MANAGED}, CredentialKind.MANAGED_IDENTITY),
        (WHO, CredentialKind.AZ),
        ({}, CredentialKind.AZ),
    ],
)
def test_auto_takes_the_first_kind_that_the_environment_allows(
    environ: dict[str, str], kind: CredentialKind
) -> None:
    assert find_settings(environ).kind is kind


def test_a_kind_that_is_asked_for_is_taken() -> None:
    settings = find_settings(
        {**SECRET, **CERTIFICATE, **WORKLOAD}, kind=CredentialKind.WORKLOAD_IDENTITY
    )

    assert (settings.tenant_id, settings.client_id) == ("t", "c")
    assert settings.token_file == Path("/token")
    assert settings.certificate_file == Path("/cert.pem")
    assert "s3cret" not in repr(settings)


def test_what_a_kind_lacks_is_named() -> None:
    with pytest.raises(SpecError, match="AZURE_CLIENT_ID, AZURE_CLIENT_SECRET") as caught:
        find_settings({"AZURE_TENANT_ID": "t"}, kind=CredentialKind.SECRET)

    assert "workload-identity" in caught.value.remedy


def test_a_kind_that_is_begun_is_not_passed_over() -> None:
    with pytest.raises(SpecError, match="signing in by secret takes AZURE_TENANT_ID, AZURE_CLI"):
        find_settings({"AZURE_CLIENT_SECRET": "s"})
