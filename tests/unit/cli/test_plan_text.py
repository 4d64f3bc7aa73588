from bascule.checks.findings import Finding, Severity
from bascule.cli.plan_text import WIDTH, render_findings, render_plan_text
from bascule.upgrade.plan.planner import plan_upgrade
from tests.support.planning import KNOWN
from tests.support.specs import read_upgrade

TEXT = """
steps: [{weight: 10, hold: 10m}, {weight: 100, hold: 10m}]
analysis: {successRate: {min: 99.5}, latency: []}
hooks: [{name: move, after: shift-100, run: [./move.sh, "2"]}]
"""


def lines_of(text: str) -> list[str]:
    return render_plan_text(plan_upgrade(read_upgrade(text), KNOWN), ())


def test_who_blue_and_green_are_stands_at_the_top() -> None:
    lines = lines_of(TEXT)

    assert lines[0].startswith("upgrade shop-1-36 on the gateway shop, plan ")
    assert lines[2:5] == [
        "  cluster  context  version  routes",
        "  blue     old      v1.30.1  not known",
        "  green    new      v1.33.2  not known",
    ]


def test_every_step_stands_under_its_stage_with_what_it_takes_and_why() -> None:
    lines = lines_of(TEXT)

    place = lines.index("shift")
    assert [line.strip() for line in lines[place + 1 : place + 8]] == [
        "5  shift-10         green gets 10 % of the requests  (about 1s)",
        "because: the smallest share first: whatever is wrong with green, few users",
        "meet it",
        "6  shift-10-hold    green is judged on 10 % of the requests  (about 10m)",
        "holds 10m: at least 100 requests on green; success at least 99.5 %; success",
        "at most 0.2 points below blue's; not more requests that take over 10 s",
        "than on blue",
    ]
    assert max(map(len, lines)) <= WIDTH
    assert "                        runs: ./move.sh 2" in lines


def test_the_end_says_how_long_and_until_when_there_is_a_way_back() -> None:
    *_, takes, rolls, alarms = lines_of(TEXT)

    assert takes == "takes about 1d1h25m15s, beside sync, hook-move, retire-approval"
    assert rolls == (
        "rolls back by itself, or when told to, until retire-blue begins; after that no"
    )
    assert alarms == ("a healthy green is rolled back by mistake in at most 1.00% of upgrades")


def test_a_rollback_that_becomes_unsafe_says_why() -> None:
    hand = TEXT + "rollback: {automatic: false, unsafeAfter: move, reason: data moved}\n"
    bare = TEXT + "rollback: {unsafeAfter: move}\n"

    assert lines_of(hand)[-2] == (
        "rolls back when told to, until hook-move begins; after that it is refused: data moved"
    )
    assert lines_of(bare)[-2].endswith("after that it is refused: the spec says so")


def test_a_blue_that_stays_can_have_its_traffic_back_at_any_time() -> None:
    lines = lines_of(TEXT + "retire: {policy: never}\n")

    assert "until it has ended; blue stays" in lines[-2]


def test_findings_say_what_to_do() -> None:
    found = Finding(
        severity=Severity.BLOCKER,
        code="ClusterUnreachable",
        subject="green",
        message="green is away",
        remedy="start it",
    )

    assert render_findings([found]) == [
        "found 1:",
        "  BLOCKER  green is away  [ClusterUnreachable]",
        "           what to do: start it",
    ]
    assert render_findings([]) == ["found nothing that speaks against it"]
