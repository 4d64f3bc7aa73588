from collections.abc import Mapping
from dataclasses import replace

import pytest

from bascule.checks.findings import Severity
from bascule.routing.arrangement import Arrangement, Preview
from bascule.upgrade.gates.model import Check, CheckType, Gates
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.rules_of_hosts import (
    lint_check_hosts,
    lint_preview_hosts,
    lint_step_hosts,
)
from bascule.upgrade.run.stages import Stage
from tests.support.orders import GREEN, shop_routes
from tests.support.planning import KNOWN
from tests.support.plans import arrange, build_plan, by_host, hold, set_split

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


def test_a_step_moves_hosts_that_exist() -> None:
    first = set_split("shift-hosts-1", by_host("shob.example.com", SHOP))
    plan = build_plan([first, set_split("shift-100", GREEN)])

    (found,) = lint_step_hosts(plan, FACTS)

    assert (found.severity, found.code) == (Severity.BLOCKER, "StepOfUnknownHost")
    assert found.message.startswith("shift-hosts-1 moves shob.example.com, which is no host")
    assert found.remedy == f"did you mean {SHOP!r}?"
    assert list(lint_step_hosts(plan, KNOWN)) == []


def test_a_host_is_told_once_and_not_where_the_whole_upgrade_names_it() -> None:
    gone = set_split("shift-hosts-1", by_host("zzz"))
    named = build_plan([gone, set_split("shift-100", by_host("zzz", SHOP))])
    twice = build_plan([gone, replace(gone, key="shift-5"), set_split("shift-100", GREEN)])

    assert list(lint_step_hosts(named, FACTS)) == []
    assert len(list(lint_step_hosts(twice, FACTS))) == 1
    assert list(lint_step_hosts(build_plan([]), FACTS)) == []


def test_while_no_host_is_known_nothing_is_said() -> None:
    assert list(lint_preview_hosts(shown({"a": "zzz"}), KNOWN)) == []
    assert list(lint_check_hosts(asked("zzz"), KNOWN)) == []
