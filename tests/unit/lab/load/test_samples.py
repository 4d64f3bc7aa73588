from bascule.lab.load.samples import Outcome, Samples, cluster_code


def test_a_row_ends_once() -> None:
    samples = Samples()
    row = samples.begin(1.0, 0)

    samples.fail(row, 2.0, Outcome.TIMED_OUT)
    samples.finish(row, 3.0, status=200, cluster=b"blue")
    samples.fail(row, 4.0, Outcome.RESET)

    assert samples.outcome[row] == Outcome.TIMED_OUT
    assert samples.done[row] == 2.0
    assert list(samples.finished) == [row]


def test_any_status_but_2xx_is_bad() -> None:
    samples = Samples()
    for status in (200, 204, 301, 404, 503):
        samples.finish(samples.begin(1.0, 0), 2.0, status=status, cluster=b"green")

    assert [Outcome(o).name for o in samples.outcome] == ["OK", "OK", *["BAD_STATUS"] * 3]


def test_a_cluster_that_is_none_of_ours_is_unknown() -> None:
    samples = Samples()
    samples.finish(samples.begin(1.0, 0), 2.0, status=200, cluster=b"red")

    assert samples.cluster[0] == cluster_code("red") == 0


def test_a_cluster_may_call_itself_otherwise() -> None:
    samples = Samples({"old": "blue", "new": "green"})
    for name in (b"old", b"new", b"blue", b"other"):
        samples.finish(samples.begin(1.0, 0), 2.0, status=200, cluster=name)

    assert list(samples.cluster) == [1, 2, 1, 0]
