from bascule.lab.controllers.kubelet.probing import active_probes, begin_probes, is_ready

EVERY = {"periodSeconds": 1}
READINESS = {"readinessProbe": {"periodSeconds": 2, "failureThreshold": 2}}


def test_readiness_needs_successes_and_is_lost_after_failures() -> None:
    [state] = begin_probes({"readinessProbe": {"successThreshold": 2, "failureThreshold": 2}}, 0)

    verdicts = []
    for reason in (None, None, "no", "no", None, None):
        state.note(reason, 1)
        verdicts.append(state.is_passing)

    assert verdicts == [False, True, True, False, False, True]


def test_a_probe_is_due_after_its_delay_and_then_each_period() -> None:
    [state] = begin_probes({"readinessProbe": {"initialDelaySeconds": 3, "periodSeconds": 2}}, 10)

    assert state.due_s == 13
    assert state.note(None, 13)
    assert state.due_s == 15


def test_liveness_passes_until_it_has_failed_often_enough() -> None:
    [state] = begin_probes({"livenessProbe": {"failureThreshold": 2}}, 0)

    verdicts = []
    for reason in (None, "no", "no"):
        state.note(reason, 1)
        verdicts.append((state.is_passing, state.has_failed))

    assert verdicts == [(True, False), (True, False), (False, True)]
    assert state.word == "Liveness"


def test_a_startup_probe_holds_the_others_back() -> None:
    probes = begin_probes({"startupProbe": EVERY, "livenessProbe": EVERY, **READINESS}, 0)

    assert [state.kind for state in active_probes(probes)] == ["startupProbe"]
    probes[0].note(None, 1)

    assert [state.kind for state in active_probes(probes)] == ["livenessProbe", "readinessProbe"]
    assert not is_ready(probes)
    probes[2].note(None, 1)
    assert is_ready(probes)


def test_a_container_without_probes_is_ready() -> None:
    assert is_ready(begin_probes({}, 0))
    assert active_probes([]) == []
