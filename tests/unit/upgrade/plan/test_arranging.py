import pytest

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Mirror, Preview
from bascule.upgrade.plan.arranging import parse_arrangement, render_arrangement

WHOLE = Arrangement(
    preview=Preview(header="x-preview", hosts={"green.a.test": "a.test"}),
    mirror=Mirror(share_bp=1000, target=Cluster.GREEN),
    affinity=Affinity(kind=AffinityKind.COOKIE, name="user", ttl_s=60),
)


@pytest.mark.parametrize("arrangement", [WHOLE, NOTHING_ARRANGED], ids=["whole", "nothing"])
def test_an_arrangement_is_read_as_it_was_written(arrangement: Arrangement) -> None:
    assert parse_arrangement(render_arrangement(arrangement)) == arrangement


@pytest.mark.parametrize(
    "data",
    [
        "text",
        {"mirror": {"share_bp": True, "target": "green"}},
        {"mirror": {"share_bp": 1.5, "target": "green"}},
        {"mirror": {"share_bp": 1, "target": "red"}},
        {"affinity": {"kind": "magic", "name": "x", "ttl_s": 1}},
    ],
    ids=["text", "flag", "fraction", "cluster", "kind"],
)
def test_anything_else_is_refused(data: Json) -> None:
    with pytest.raises(JournalError):
        parse_arrangement(data)
