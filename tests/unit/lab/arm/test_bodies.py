import pytest

from bascule.lab.arm.bodies import parse_body
from bascule.lab.arm.requests import ArmRefusal


def test_json_is_read_and_nothing_is_none() -> None:
    assert parse_body(b'{"location": "eastus"}') == {"location": "eastus"}
    assert parse_body(b" ") is None


def test_the_body_that_az_sends_for_a_deployment_is_read() -> None:
    body = b"""{"properties": {"parameters": {}, "mode": "Incremental", template:{
      // made by hand: "quoted"
      "resources": [ /* none, yet */ ],
      "outputs": {"url": {"value": "https://localhost:8443 // no comment", "type": "string"}},
    }}}"""

    template = parse_body(body)["properties"]["template"]

    assert template["resources"] == []
    assert template["outputs"]["url"]["value"] == "https://localhost:8443 // no comment"


def test_keys_in_texts_and_line_ends_in_texts_stay_as_they_are() -> None:
    assert parse_body(b'{template: {"a": "b: c,}\n"}}') == {"template": {"a": "b: c,}\n"}}


@pytest.mark.parametrize("body", [b"{", b"\xff", b"{'a': 1}"])
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(ArmRefusal, match="InvalidRequestContent") as refused:
        parse_body(body)

    assert refused.value.status == 400
