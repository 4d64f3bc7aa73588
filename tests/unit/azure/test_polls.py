"""What one poll of a long-running operation shows."""

import json

import pytest

from bascule.azure.polls import OperationError, OutcomeStatus, Poll, read_poll


def shown(document: object, status: int = 200) -> Poll:
    return read_poll(status, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Succeeded", OutcomeStatus.SUCCEEDED),
        ("succeeded", OutcomeStatus.SUCCEEDED),
        ("Failed", OutcomeStatus.FAILED),
        ("Canceled", OutcomeStatus.CANCELED),
        ("Cancelled", OutcomeStatus.CANCELED),
        ("InProgress", OutcomeStatus.RUNNING),
        ("ProvisioningControlPlane", OutcomeStatus.RUNNING),
        ("Accepted", OutcomeStatus.RUNNING),
        ("whatever comes next year", OutcomeStatus.RUNNING),
    ],
)
def test_a_status_is_read_and_an_unknown_one_runs(said: str, status: OutcomeStatus) -> None:
    assert shown({"status": said}) == Poll(status=status, said=said)


def test_a_status_counts_whatever_the_code_of_the_answer() -> None:
    assert shown({"status": "Succeeded"}, 202).status is OutcomeStatus.SUCCEEDED


def test_an_error_comes_with_its_details() -> None:
    error = {"code": "Canceled", "message": "ended", "details": [{"code": "X", "message": "why"}]}

    found = shown({"status": "Canceled", "error": error})

    assert found.error == OperationError(message="ended; why", codes=("Canceled", "X"))
    assert found.error.code == "Canceled"
    assert OperationError(message="").code == ""


@pytest.mark.parametrize("status", [201, 202])
def test_a_result_that_is_not_there_yet_runs(status: int) -> None:
    assert read_poll(status, b"").status is OutcomeStatus.RUNNING
    assert shown({"id": "x"}, status).status is OutcomeStatus.RUNNING


def test_a_result_is_the_end() -> None:
    result: dict[str, object] = {"backendAddressPools": []}

    assert shown(result) == Poll(status=OutcomeStatus.SUCCEEDED, said="Succeeded", document=result)
    assert read_poll(204, b" ") == Poll(status=OutcomeStatus.SUCCEEDED, said="Succeeded")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"3"])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expecting value|no JSON object"):
        read_poll(200, body)
