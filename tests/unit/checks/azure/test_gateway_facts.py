from bascule.checks.azure.gateway_facts import AgicObjects
from tests.support.azure_facts import gateway


def test_a_gateway_is_nobodys_unless_told() -> None:
    assert gateway().agic == AgicObjects()
    assert not gateway().is_marked_by_agic
