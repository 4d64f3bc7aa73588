"""What is said of Azure fits what is recorded: `make azure-real` writes the record."""

import json

from bascule.report.azure_proof import IS_PROVEN_ON_AZURE
from tests.house import rules

RECORD = rules.ROOT / "benchmarks/results/azure-real.json"
CLOUDS = {"AzureCloud", "AzureChinaCloud", "AzureUSGovernment"}
SAYING = "proven in the lab only"
PAGES = ("README.md", "docs/explanation/azure.md", "docs/reference/azure-real.md")


def is_recorded() -> bool:
    """Whether the record is of a whole run in Azure itself, with an answer to each question."""
    if not RECORD.exists():
        return False
    found = json.loads(RECORD.read_text())
    is_answered = all(fact["answer"] != "unknown" for fact in found["facts"].values())
    is_whole = bool(found["is_whole"] and found["is_all_removed"])
    return found["cloud"] in CLOUDS and is_whole and is_answered


def test_the_product_says_proven_only_if_a_run_is_recorded() -> None:
    assert is_recorded() == IS_PROVEN_ON_AZURE, f"see {RECORD} and bascule.report.azure_proof"


def test_pages_say_proven_in_the_lab_only_until_a_run_is_recorded() -> None:
    said = [page for page in PAGES if SAYING in (rules.ROOT / page).read_text().lower()]

    assert said == ([] if is_recorded() else list(PAGES))
