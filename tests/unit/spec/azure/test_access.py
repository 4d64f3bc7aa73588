from bascule.spec.azure.access import Controller
from tests.support.platforms import SMALL, mistakes_of


def test_a_controller_signs_in_by_its_service_account() -> None:
    controller = Controller.model_validate({"identity": "bascule"})

    assert controller.service_accounts == ("bascule/bascule",)
    assert controller.gateway_role == "Network Contributor"


def test_a_service_account_has_its_namespace() -> None:
    told = mistakes_of(f"{SMALL}controller: {{identity: bascule, serviceAccounts: [bascule]}}\n")

    assert "controller.serviceAccounts[0]" in told[0]
