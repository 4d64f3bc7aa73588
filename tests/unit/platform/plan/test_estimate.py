from bascule.platform.desired.model import Kind
from bascule.platform.plan.diff import FieldChange
from bascule.platform.plan.estimate import estimate_change, longest_way


def test_a_change_takes_what_was_recorded() -> None:
    change = FieldChange(field="count", before=1, after=2)

    assert estimate_change(Kind.POOL, [change]) == 87.0
    assert estimate_change(Kind.GROUP, [change]) is None
    assert estimate_change(Kind.POOL, []) is None


def test_what_needs_nothing_of_each_other_runs_side_by_side() -> None:
    seconds = {"net": 11.0, "gateway": 342.0, "cluster": 304.0}
    needs = {"gateway": ["net"], "cluster": ["net", "elsewhere"]}

    assert longest_way(seconds, needs, ["net", "gateway", "cluster"]) == 353.0
    assert longest_way({}, {}, []) == 0.0
