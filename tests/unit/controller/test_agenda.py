from bascule.controller.agenda import Agenda, AgendaLimits
from bascule.ids import Cluster
from bascule.routing.model import Problem

LIMITS = AgendaLimits(settle_s=3.0, repeat_s=100.0, memory_s=50.0, problems_max=3)


def problem(name: str = "shop") -> Problem:
    return Problem(
        cluster=Cluster.BLUE,
        kind="Ingress",
        namespace="shop",
        name=name,
        code="ServiceNotFound",
        message="there is no Service web",
    )


def test_a_problem_is_due_once_it_has_lasted() -> None:
    agenda = Agenda(LIMITS)

    agenda.take([problem()], 0.0)

    assert agenda.due(2.9) == []
    assert agenda.next_due_s() == 3.0
    assert agenda.due(3.0) == [problem()]


def test_a_problem_that_passes_at_once_is_never_due() -> None:
    agenda = Agenda(LIMITS)
    agenda.take([problem()], 0.0)

    agenda.take([], 1.0)

    assert agenda.due(99.0) == []
    assert agenda.next_due_s() is None


def test_a_problem_that_stays_is_due_again_after_a_long_time() -> None:
    agenda = Agenda(LIMITS)
    agenda.take([problem()], 0.0)
    agenda.note_reported(problem(), 3.0)

    agenda.take([problem()], 50.0)

    assert agenda.due(102.9) == []
    assert agenda.due(103.0) == [problem()]


def test_a_problem_that_flaps_is_not_reported_each_time() -> None:
    agenda = Agenda(LIMITS)
    agenda.take([problem()], 0.0)
    agenda.note_reported(problem(), 3.0)
    agenda.take([], 10.0)
    agenda.take([], 11.0)

    agenda.take([problem()], 20.0)

    assert agenda.due(30.0) == []
    assert agenda.next_due_s() == 103.0


def test_a_problem_that_was_long_gone_is_new() -> None:
    agenda = Agenda(LIMITS)
    agenda.take([problem()], 0.0)
    agenda.note_reported(problem(), 3.0)
    agenda.take([], 10.0)
    agenda.take([], 60.0)

    agenda.take([problem()], 61.0)

    assert agenda.due(64.0) == [problem()]


def test_a_problem_can_be_postponed() -> None:
    agenda = Agenda(LIMITS)
    agenda.take([problem()], 0.0)

    agenda.postpone(problem(), 70.0)
    agenda.postpone(problem("unknown"), 1.0)

    assert agenda.next_due_s() == 70.0


def test_of_too_many_problems_the_first_count() -> None:
    agenda = Agenda(LIMITS)

    agenda.take([problem(name) for name in ("d", "b", "a", "c")], 0.0)

    assert [item.name for item in agenda.due(3.0)] == ["a", "b", "c"]
