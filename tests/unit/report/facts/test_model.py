from dataclasses import fields

from bascule.report.facts.model import Evidence
from tests.support.made_up_upgrades import document_of


def test_the_json_has_the_fields_of_the_model_in_their_order() -> None:
    assert list(document_of("completed")) == [field.name for field in fields(Evidence)]
