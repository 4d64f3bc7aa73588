from dataclasses import replace

from bascule.checks.azure.unreadable import Unreadable
from tests.support.azure_facts import blue, facts, green


def test_clusters_are_those_that_could_be_read() -> None:
    assert facts().clusters == {"blue": blue(), "green": green()}

    half = replace(facts(), blue=Unreadable(what="blue", reason="forbidden"))

    assert half.clusters == {"green": green()}
