from dataclasses import replace

from bascule.checks.azure.preflight import CHECKS, check_platform
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity, sort_findings
from tests.support.azure_facts import facts

PART = Unreadable(what="it", reason="forbidden")


def test_nothing_stands_against_the_articles_pair() -> None:
    found = check_platform(facts())

    assert [f.code for f in found] == ["GoesWithCluster"]


def test_every_check_is_made_once() -> None:
    assert len(set(CHECKS)) == len(CHECKS) > 30


def test_nothing_that_is_unreadable_passes() -> None:
    blind = replace(
        facts(),
        blue=PART,
        green=PART,
        gateway=PART,
        versions=PART,
        sizes=PART,
        usages=PART,
        locks=PART,
        policies=PART,
        node_group=PART,
    )

    found = check_platform(blind)

    assert {f.code for f in found} == {"NodeGroupUnreadable", "NotChecked", "PlatformUnreadable"}
    assert found[0].severity is Severity.BLOCKER


def test_findings_come_the_worst_first() -> None:
    found = check_platform(replace(facts(), usages=PART, node_group=PART))

    assert found == sort_findings(found)
