from collections.abc import Mapping
from dataclasses import replace

import pytest

from bascule.checks.findings import Severity
from bascule.routing.arrangement import Arrangement, Preview
from bascule.upgrade.gates.model import Check, CheckType, Gates
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.rules_of_hosts import lint_check_hosts, lint_preview_hosts
from bascule.upgrade.run.stages import Stage
from tests.support.orders import shop_routes
from tests.support.planning import KNOWN
from tests.support.plans import arrange, build_plan, hold

SHOP = "shop.example.com"
FACTS = replace(KNOWN, routes=shop_routes())


def shown(hosts: Mapping[str, str]) -> Plan:
    preview = Preview(header="x-preview", hosts=hosts)
    steps = (
        arrange("on", Stage.VERIFY, Arrangement(preview=preview)),
        arrange("off", Stage.BAKE, Arrangement()),
    )
    return build_plan(steps)


def asked(host: str, kind: CheckType = CheckType.HTTP) -> Plan:
    check = Check(name="front", type=kind, args={"host": host})
    return build_plan([hold("verify", Stage.VERIFY, 5, Gates(has_traffic=False, checks=(check,)))])


def test_a_preview_of_a_host_that_exists_is_fine() -> None:
    assert list(lint_preview_hosts(shown({"green.example.com": SHOP}), FACTS)) == []


@pytest.mark.parametrize(
    ("host", "remedy"),
    [("shob.example.com", f"did you mean {SHOP!r}?"), ("zzz", f"one of: {SHOP}")],
)
def test_a_preview_of_an_unknown_host_is_a_blocker(host: str, remedy: str) -> None:
    (found,) = lint_preview_hosts(shown({"green.example.com": host}), FACTS)

    assert (found.severity, found.code) == (Severity.BLOCKER, "PreviewOfUnknownHost")
    assert found.remedy == remedy


def test_a_wildcard_is_not_shown_under_another_name() -> None:
    wild = shop_routes()
    routes = replace(wild, hosts=(replace(wild.hosts[0], name="*.example.com"),))

    (found,) = lint_preview_hosts(
        shown({"green.test": "*.example.com"}), replace(KNOWN, routes=routes)
    )

    assert (found.code, found.remedy) == ("PreviewOfUnknownHost", "a wildcard is not shown")


def test_a_preview_does_not_take_the_name_of_a_host() -> None:
    (found,) = lint_preview_hosts(shown({SHOP: SHOP}), FACTS)

    assert found.code == "PreviewHostTaken"


def test_a_check_of_an_unknown_host_is_a_warning() -> None:
    (found,) = lint_check_hosts(asked("shob.example.com"), FACTS)

    assert (found.severity, found.code) == (Severity.WARNING, "CheckOfUnknownHost")


@pytest.mark.parametrize(
    "plan", [asked(SHOP), asked("zzz", CheckType.COMMAND)], ids=["known", "no host"]
)
def test_other_checks_are_fine(plan: Plan) -> None:
    assert list(lint_check_hosts(plan, FACTS)) == []


def test_while_no_host_is_known_nothing_is_said() -> None:
    assert list(lint_preview_hosts(shown({"a": "zzz"}), KNOWN)) == []
    assert list(lint_check_hosts(asked("zzz"), KNOWN)) == []
