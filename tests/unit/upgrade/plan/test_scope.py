import pytest

from bascule.checks.inventory import HostScope
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.planner import plan_upgrade
from bascule.upgrade.plan.scope import find_scope
from tests.support.planning import KNOWN
from tests.support.plans import build_plan
from tests.support.specs import read_upgrade


def planned(hosts: str) -> Plan:
    text = f"hosts: {hosts}\nretire: {{policy: never}}\n"
    return plan_upgrade(read_upgrade(text), KNOWN)


@pytest.mark.parametrize(
    ("hosts", "scope"),
    [
        ("{}", HostScope()),
        ("{exclude: [a.test]}", HostScope(exclude=("a.test",))),
        ("{include: [a.test, b.test], exclude: [b.test]}", HostScope(include=("a.test",))),
    ],
    ids=["all", "all but", "named"],
)
def test_the_scope_of_a_plan_is_that_of_its_spec(hosts: str, scope: HostScope) -> None:
    assert find_scope(planned(hosts)) == scope


def test_a_plan_without_weights_says_nothing_of_hosts() -> None:
    assert find_scope(build_plan([])) == HostScope()
