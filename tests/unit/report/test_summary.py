import json

from bascule.report.samples import Sample, Samples
from bascule.report.summary import summarise
from bascule.report.verdict import judge


def test_a_summary_is_plain_json_with_null_for_what_is_unknown() -> None:
    sample = Sample(target="t", scheduled_s=0, sent_s=0, done_s=0.01, status=200)
    window = Samples(from_s=0, to_s=1, interval_s=0.05, samples=(sample,))

    document = json.loads(json.dumps(summarise(judge(window, window))))

    assert document["judge"] == "bascule"
    assert document["failed"] == 0
    assert document["wrong_cluster_after_effective"] is None
    assert [r["number"] for r in document["rules"]] == [1, 2, 3, 4, 5, 6]
