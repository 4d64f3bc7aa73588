import pytest

from bascule.lab.arm.network.gateways.names import canonical
from bascule.lab.arm.requests import ArmRefusal


def test_names_and_values_get_azures_spelling_and_nulls_are_dropped() -> None:
    sent = {
        "PROPERTIES": {
            "HttpListeners": [
                {
                    "Name": "Kept-As-It-Is",
                    "properties": {
                        "FrontendIpConfiguration": {"Id": "/X"},
                        "Protocol": "https",
                        "SslCertificate": None,
                    },
                }
            ],
            "sku": {"NAME": "standard_V2"},
        }
    }

    assert canonical(sent) == {
        "properties": {
            "httpListeners": [
                {
                    "name": "Kept-As-It-Is",
                    "properties": {"frontendIPConfiguration": {"id": "/X"}, "protocol": "Https"},
                }
            ],
            "sku": {"name": "Standard_v2"},
        }
    }


def test_what_is_not_known_is_kept_and_tags_belong_to_the_user() -> None:
    sent = {"properties": {"someNewThing": {"Deep": [1]}}, "tags": {"ID": "a", "empty": None}}

    assert canonical(sent) == sent


def test_a_value_that_no_enumeration_has_is_refused() -> None:
    with pytest.raises(ArmRefusal) as caught:
        canonical({"properties": {"ruleType": "Fancy"}})

    assert (caught.value.status, caught.value.code) == (400, "InvalidRequestFormat")
    assert "'properties.ruleType'" in caught.value.details[0]["message"]
