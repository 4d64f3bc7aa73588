from bascule.report.samples import Sample, Samples


def test_latency_counts_from_the_scheduled_time() -> None:
    sample = Sample(target="t", scheduled_s=1.0, sent_s=1.5, done_s=2.0, status=200)

    assert (sample.latency_s, sample.lateness_s, sample.answer) == (1.0, 0.5, "200")


def test_a_request_sent_early_is_not_late() -> None:
    sample = Sample(target="t", scheduled_s=1.0, sent_s=0.9, done_s=2.0, error="reset")

    assert (sample.lateness_s, sample.answer) == (0.0, "reset")


def test_an_empty_window_has_no_samples() -> None:
    assert Samples(from_s=0, to_s=1, interval_s=0.05).samples == ()
