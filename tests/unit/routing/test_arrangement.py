from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Mirror, Preview


def test_nothing_is_arranged_unless_it_is_said() -> None:
    assert Arrangement() == NOTHING_ARRANGED
    assert (NOTHING_ARRANGED.preview, NOTHING_ARRANGED.mirror) == (None, None)
    assert Mirror(share_bp=100).target is Cluster.GREEN
    assert (Preview().header, dict(Preview().hosts)) == ("", {})


def test_the_hosts_of_a_preview_are_sorted_and_cannot_be_changed() -> None:
    names = {"b.test": "x.test", "a.test": "x.test"}
    preview = Preview(hosts=names)
    names.clear()

    assert list(preview.hosts) == ["a.test", "b.test"]
    assert preview == Preview(hosts={"a.test": "x.test", "b.test": "x.test"})
