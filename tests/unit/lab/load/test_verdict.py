import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.lab.load.orders import Command, Story
from bascule.lab.load.plan import Lane, LaneKind
from bascule.lab.load.samples import Outcome, Samples
from bascule.lab.load.stats import Span
from bascule.lab.load.streams import StreamEnd, StreamRecord
from bascule.lab.load.verdict import Verdict, judge
from tests.support.load_builder import (
    END_S,
    LANE,
    POST,
    SLOW,
    START_S,
    SWITCH,
    SWITCH_S,
    TARGET,
    evidence,
    row_at,
    rows,
)


def holds(verdict: Verdict, number: int) -> bool | None:
    return verdict.rules[number - 1].holds


def stream(began_s: float, ended_s: float, end: StreamEnd, *, cluster: str) -> StreamRecord:
    return StreamRecord(
        lane="ws", number=0, began_s=began_s, ended_s=ended_s, end=end, cluster=cluster
    )


def test_a_clean_switch_holds_every_rule() -> None:
    verdict = judge(evidence(rows()))

    assert verdict.holds
    assert [rule.holds for rule in verdict.rules] == [True] * 6
    assert verdict.failure_rate_bound == 3 / 1000
    assert verdict.answers_by_cluster == {"unknown": 0, "blue": 531, "green": 469}
    assert "http2" in verdict.left_out


def test_an_unknown_effective_time_is_never_a_success() -> None:
    story = Story(commands=[Command(name="switch", begun_s=SWITCH_S, ended_s=SWITCH_S, to="green")])

    verdict = judge(evidence(rows(), story=story))

    assert holds(verdict, 4) is None
    assert not verdict.holds
    assert verdict.switches[0].convergence_ms is None


def broken_rules(verdict: Verdict) -> list[int]:
    assert not verdict.holds
    return [rule.number for rule in verdict.rules if rule.holds is not True]


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.OK])
def test_one_failed_request_breaks_the_first_rule_alone(outcome: Outcome) -> None:
    found = rows()
    found[700] = row_at(found[700][0], outcome=outcome, status=503)

    verdict = judge(evidence(found))

    assert broken_rules(verdict) == [1]
    assert verdict.failure_rate_bound is None


def test_a_stretch_without_answers_breaks_the_second_rule_alone() -> None:
    found = [r for r in rows() if not SWITCH_S + 1 <= r[0] < SWITCH_S + 1.3]

    assert broken_rules(judge(evidence(found))) == [2]


def test_slow_answers_after_the_switch_break_the_third_rule_alone() -> None:
    found = rows()
    found[600:612] = [row_at(r[0], latency_s=0.011) for r in found[600:612]]

    assert broken_rules(judge(evidence(found))) == [3]


def test_a_generator_that_stood_still_too_often_proves_nothing() -> None:
    found = [r for r in rows() if not SWITCH_S + 1 <= r[0] < SWITCH_S + 1.3]
    found += [row_at(SWITCH_S + 1 + i / 100, latency_s=0.3 - i / 100) for i in range(30)]

    verdict = judge(evidence(found, stalls=(Span(SWITCH_S + 1, SWITCH_S + 1.3),)))

    assert verdict.unmeasured_share > 0.01
    assert broken_rules(verdict) == [2, 3]


def test_a_run_without_requests_proves_nothing() -> None:
    assert not judge(evidence([])).holds


@settings(max_examples=25)
@given(st.integers(532, 999))
def test_one_answer_by_the_wrong_cluster_is_always_found(place: int) -> None:
    found = rows()
    found[place] = row_at(found[place][0], cluster="blue")

    verdict = judge(evidence(found))

    assert verdict.wrong_cluster_after_effective == 1
    assert holds(verdict, 4) is False


def test_a_request_on_its_way_when_the_next_command_begins_is_not_wrong() -> None:
    back = Command(
        name="rollback",
        begun_s=SWITCH_S + 3,
        intent_s=SWITCH_S + 3.001,
        acknowledged_s=SWITCH_S + 3.002,
        effective_s=SWITCH_S + 3.002,
        ended_s=SWITCH_S + 3.1,
        to="blue",
    )
    found = [r for r in rows() if r[0] < SWITCH_S + 3]
    found.append(row_at(SWITCH_S + 2.999, cluster="blue"))
    found += [row_at(r[0], cluster="blue") for r in rows() if r[0] >= SWITCH_S + 3.01]

    verdict = judge(evidence(found, story=Story(commands=[SWITCH, back])))

    assert verdict.wrong_cluster_after_effective == 0


def test_convergence_lasts_to_the_old_clusters_last_answer() -> None:
    long = row_at(SWITCH_S, latency_s=1.0, cluster="blue", lane=1)

    verdict = judge(evidence([*rows(), long], lanes=(LANE, SLOW)))

    (switch,) = verdict.switches
    assert switch.convergence_ms == 700.0
    assert switch.convergence_quick_ms == 5.0


def test_a_split_has_no_convergence_and_no_wrong_cluster() -> None:
    split = Command(
        name="shift-5", begun_s=SWITCH_S, ended_s=SWITCH_S, intent_s=SWITCH_S, effective_s=SWITCH_S
    )

    (seen,) = judge(evidence(rows(), story=Story(commands=[split]))).switches

    assert (seen.convergence_ms, seen.wrong_cluster) == (None, None)


def test_streams_may_be_cut_only_once_their_cluster_is_declared_drained() -> None:
    story = Story(commands=[SWITCH], drained={"blue": SWITCH_S + 2})
    streams = (
        stream(START_S, SWITCH_S + 1, StreamEnd.RESET, cluster="blue"),
        stream(START_S, SWITCH_S + 3, StreamEnd.RESET, cluster="blue"),
        stream(START_S, SWITCH_S + 1, StreamEnd.ENDED, cluster="blue"),
    )

    verdict = judge(evidence(rows(), story=story, streams=streams))

    assert (verdict.streams.reset, verdict.streams.reset_after_drain) == (1, 1)
    assert (verdict.streams.open, verdict.streams.ended) == (3, 1)
    assert holds(verdict, 5) is False


def test_a_stream_that_opens_on_the_wrong_cluster_counts() -> None:
    streams = (stream(SWITCH_S + 1, END_S, StreamEnd.ENDED, cluster="blue"),)

    assert judge(evidence(rows(), streams=streams)).wrong_cluster_after_effective == 1


def test_a_stream_that_cannot_be_opened_is_a_failed_request() -> None:
    streams = (stream(SWITCH_S + 1, END_S, StreamEnd.REFUSED, cluster=""),)

    verdict = judge(evidence(rows(), streams=streams))

    assert (verdict.failed, verdict.streams.refused) == (1, 1)


def posts() -> list[tuple[float, float, float, int, Outcome, int, str]]:
    return [row_at(START_S + 1 + i / 2, lane=1) for i in range(8)]


def post_keys() -> list[str]:
    found = evidence(rows() + posts(), lanes=(LANE, POST))
    return [f"post-{row}" for row, lane in enumerate(found.samples.lane) if lane == 1]


def judge_posts(effects: dict[str, dict[str, int]]) -> Verdict:
    story = Story(commands=[SWITCH], effects=effects)
    return judge(evidence(rows() + posts(), lanes=(LANE, POST), story=story))


def test_a_post_that_took_effect_in_both_clusters_is_a_duplicate() -> None:
    keys = post_keys()
    blue, green = dict.fromkeys(keys[:5], 1), dict.fromkeys(keys[4:], 1)

    verdict = judge_posts({"blue": blue, "green": green})

    assert verdict.effects is not None
    assert (verdict.effects.posts, verdict.effects.duplicates, verdict.effects.lost) == (8, 1, 0)
    assert holds(verdict, 6) is False


def test_an_answered_post_without_effect_is_lost() -> None:
    verdict = judge_posts({"blue": dict.fromkeys(post_keys()[1:], 1)})

    assert verdict.effects is not None
    assert verdict.effects.lost == 1
    assert holds(verdict, 6) is None
    assert not verdict.holds


def test_posts_that_each_took_effect_once_hold_the_rule() -> None:
    assert holds(judge_posts({"blue": dict.fromkeys(post_keys(), 1)}), 6) is True


def test_without_the_ledgers_duplicates_are_unknown() -> None:
    assert holds(judge_posts({}), 6) is None


USERS = Lane(name="user", kind=LaneKind.USER, target=TARGET, rate=10.0, users=2)


def user_samples(answers: list[tuple[float, int, str]]) -> Samples:
    samples = Samples()
    for at_s, user, cluster in answers:
        row = samples.begin(at_s, 0, user)
        samples.sent[row] = at_s
        samples.finish(row, at_s + 0.005, status=200, cluster=cluster.encode())
    return samples


def command(name: str, at_s: float, to: str = "") -> Command:
    return Command(
        name=name, begun_s=at_s, ended_s=at_s, intent_s=at_s, effective_s=at_s + 0.001, to=to
    )


def test_users_who_flap_or_move_back_are_counted() -> None:
    shares = [
        command("5", SWITCH_S),
        command("25", SWITCH_S + 1),
        command("0", SWITCH_S + 2, "blue"),
    ]
    answers = [
        (SWITCH_S - 1, 0, "blue"),
        (SWITCH_S + 0.1, 0, "green"),
        (SWITCH_S + 0.2, 0, "blue"),
        (SWITCH_S + 0.3, 1, "green"),
        (SWITCH_S + 1.1, 1, "blue"),
        (SWITCH_S + 1.2, 0, "green"),
        (SWITCH_S + 2.1, 0, "blue"),
    ]

    verdict = judge(
        evidence([], samples=user_samples(answers), lanes=(USERS,), story=Story(commands=shares))
    )

    assert verdict.stickiness is not None
    assert verdict.stickiness.users == 2
    assert (verdict.stickiness.flaps, verdict.stickiness.moved_back) == (1, 1)
