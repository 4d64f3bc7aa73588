from bascule.lab.load.live import LiveView
from bascule.lab.load.samples import Outcome, Samples


def test_a_look_shows_what_ended_since_the_last() -> None:
    samples = Samples()
    view = LiveView(samples, slow_lanes=frozenset({1}))
    view.look(0.0, streams_open=0, stalls=0)
    for cluster in (b"blue", b"green", b"green", b"green"):
        samples.finish(samples.begin(0.0, 0), 0.01, status=200, cluster=cluster)
    samples.finish(samples.begin(0.0, 1), 3.0, status=200, cluster=b"green")
    samples.fail(samples.begin(0.0, 0), 0.02, Outcome.RESET)

    line = view.look(0.5, streams_open=3, stalls=1)

    assert (line.requests, line.failed, line.rate) == (6, 1, 12.0)
    assert line.share_by_cluster == {"blue": 0.2, "green": 0.8}
    assert line.p99_ms == 10.0
    assert view.look(1.0, streams_open=3, stalls=1).p50_ms is None
