"""Every shape in which Azure says no."""

import json

import pytest

from bascule.azure.refusals import (
    DEPTH_MAX,
    MESSAGE_MAX,
    Refusal,
    parse_refusal,
    parse_retry_after,
    read_codes,
    read_message,
)


def parsed(body: object, status: int = 400, **headers: str) -> Refusal:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_refusal(status, json.dumps(body).encode(), named)


def test_the_shape_of_arm() -> None:
    found = parsed({"error": {"code": "AuthorizationFailed", "message": "no", "target": "t"}}, 403)

    assert found == Refusal(status=403, codes=("AuthorizationFailed",), message="no", target="t")
    assert found.code == "AuthorizationFailed"


def test_the_bare_shape_of_aks() -> None:
    body = {
        "code": "EtagMismatch",
        "details": [{"code": "Unspecified", "message": "Etag mismatched"}],
        "message": "Operation is not allowed",
        "subcode": "PutManagedCluster_Failed",
        "target": "",
    }

    found = parsed(body, 409)

    assert found.codes == ("EtagMismatch", "Unspecified")
    assert found.message == "Operation is not allowed; Etag mismatched"


def test_the_bare_shape_without_details() -> None:
    body = {"code": "K8sVersionNotSupported", "details": None, "message": "no 1.20", "subcode": ""}

    assert parsed(body).codes == ("K8sVersionNotSupported",)


def test_details_and_inner_errors_are_read_to_the_ground() -> None:
    inner = {"code": "SubnetIsFull", "message": "full"}
    detail = {"code": "BadRequest", "message": "bad", "innererror": inner}
    body = {"error": {"code": "DeploymentFailed", "message": "failed", "details": [detail]}}

    found = parsed(body)

    assert found.codes == ("DeploymentFailed", "BadRequest", "SubnetIsFull")
    assert found.message == "failed; bad; full"


def test_an_error_written_as_text_into_another_is_read() -> None:
    text = json.dumps({"error": {"code": "QuotaExceeded", "message": "no cores"}})
    body = {"error": {"code": "Conflict", "details": [{"code": "Conflict", "message": text}]}}

    found = parsed(body)

    assert (found.codes, found.message) == (("Conflict", "QuotaExceeded"), "no cores")


def test_text_that_only_looks_like_an_error_inside_another_is_left_out() -> None:
    found = parsed({"error": {"code": "Conflict", "message": "{not json"}})

    assert (found.codes, found.message) == (("Conflict",), "")


def test_depth_has_an_end() -> None:
    error: dict[str, object] = {"code": "deepest"}
    for level in range(DEPTH_MAX + 1):
        error = {"code": f"level-{level}", "details": [error]}

    assert len(read_codes(error)) == DEPTH_MAX + 1
    assert "deepest" not in read_codes(error)


def test_the_shape_of_sign_in() -> None:
    found = parsed({"error": "invalid_client", "error_description": "AADSTS7000215: wrong"}, 401)

    assert (found.codes, found.message) == (("invalid_client",), "AADSTS7000215: wrong")


@pytest.mark.parametrize(
    "body",
    [
        {"odata.error": {"code": "X", "message": {"lang": "en", "value": "said"}}},
        {"Message": "said", "code": "X"},
        {"Error": {"code": "X", "message": "  said\n "}},
    ],
    ids=["odata", "message", "capital"],
)
def test_older_shapes(body: object) -> None:
    found = parsed(body)

    assert (found.codes, found.message) == (("X",), "said")


@pytest.mark.parametrize("body", [b"Bad Gateway\n", b"[1]", b"", b"<html>"])
def test_what_is_no_json_object_is_quoted(body: bytes) -> None:
    found = parse_refusal(502, body, {"retry-after": "2"})

    assert not found.is_readable
    assert found.message == body.decode().strip()
    assert (found.codes, found.code, found.retry_after_s) == ((), "", 2.0)


def test_what_is_said_is_short_and_holds_no_secret() -> None:
    token = "Bearer " + "a" * 30
    long = parse_refusal(500, b"x" * 5_000, {})

    assert len(long.message) == MESSAGE_MAX
    assert "aaa" not in parsed({"error": {"code": "X", "message": token}}).message
    assert "aaa" not in parse_refusal(500, token.encode(), {}).message
    assert read_message({"message": "y" * 5_000}) == "y" * MESSAGE_MAX


def test_policies_are_named_as_people_named_them() -> None:
    def violation(**info: str) -> dict[str, object]:
        return {"type": "PolicyViolation", "info": info}

    more = [
        violation(policyAssignmentDisplayName="only here", policyDefinitionDisplayName="places"),
        violation(policyDefinitionDisplayName="tags"),
        violation(),
    ]
    body = {"error": {"code": "RequestDisallowedByPolicy", "additionalInfo": more}}

    assert parsed(body, 403).policies == ("only here", "tags")


def test_the_versions_that_there_are_are_read_however_many() -> None:
    many = [f"20{year}-01-01" for year in range(10, 26)] * 10
    said = f"No provider found. The supported api-versions are '{', '.join(reversed(many))}'."

    found = parsed({"error": {"code": "NoRegisteredProviderFound", "message": said}})

    assert (found.offered[0], found.offered[-1]) == ("2010-01-01", "2025-01-01")


def test_the_ids_for_support_are_kept() -> None:
    found = parsed({}, x_ms_request_id="r", x_ms_correlation_request_id="c", etag="e")

    assert found.ids == {"request id": "r", "correlation id": "c"}


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "0.2"}, 0.2),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "17"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 07:00:30 GMT"}, None),
        (
            {
                "retry-after": "Mon, 23 Nov 2026 07:00:30 GMT",
                "date": "Mon, 23 Nov 2026 07:00:00 GMT",
            },
            30.0,
        ),
        (
            {
                "retry-after": "Mon, 23 Nov 2026 06:00:00 GMT",
                "date": "Mon, 23 Nov 2026 07:00:00 GMT",
            },
            0.0,
        ),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert parse_retry_after(headers) == wait_s
