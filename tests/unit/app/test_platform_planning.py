from bascule.app.platform_planning import is_mended, name_extension, tell_once
from bascule.checks.findings import Finding, Severity
from bascule.upgrade.plan.facts import PlatformFacts


def finding(code: str) -> Finding:
    return Finding(severity=Severity.BLOCKER, code=code, subject="old", message="on", remedy="off")


def test_azures_upgrades_are_no_matter_where_green_is_made_since_they_are_off_from_then_on() -> (
    None
):
    makes, takes = PlatformFacts(make={"name": "new"}), PlatformFacts()

    assert is_mended(finding("AutoUpgradeOn"), makes)
    assert not is_mended(finding("AutoUpgradeOn"), takes)
    assert not is_mended(finding("AgicOwnsGateway"), makes)


def test_what_a_plan_and_a_preflight_both_find_is_told_once_and_in_order() -> None:
    first, second = finding("A"), finding("B")

    assert tell_once([second, first, second]) == (second, first)


def test_what_is_made_remembers_whom_its_overlay_has_to_let_in() -> None:
    makes, takes = PlatformFacts(make={"name": "new"}), PlatformFacts()

    assert name_extension(makes, ("10.240.0.0/24",)).make == {
        "name": "new",
        "extension": ["10.240.0.0/24"],
    }
    assert name_extension(makes, ()) == makes
    assert name_extension(takes, ("10.240.0.0/24",)) == takes
