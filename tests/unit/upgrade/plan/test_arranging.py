import pytest

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Mirror, Preview
from bascule.upgrade.plan.arranging import parse_arrangement, render_arrangement

FULL = Arrangement(
    preview=Preview(header="x-preview", hosts={"green.example.com": "example.com"}),
    mirror=Mirror(share_bp=1_000, target=Cluster.GREEN),
    affinity=Affinity(kind=AffinityKind.HEADER, name="x-user", ttl_s=60),
)


@pytest.mark.parametrize("arrangement", [FULL, NOTHING_ARRANGED])
def test_an_arrangement_is_read_as_it_was_written(arrangement: Arrangement) -> None:
    assert parse_arrangement(render_arrangement(arrangement)) == arrangement


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"mirror": {"share_bp": "some", "target": "green"}},
        {"mirror": {"share_bp": True, "target": "green"}},
        {"mirror": {"share_bp": 10, "target": "red"}},
        {"affinity": {"kind": "smell", "name": "n", "ttl_s": 1}},
        {"preview": {"header": "h", "hosts": None}},
    ],
)
def test_what_is_no_arrangement_is_refused(data: Json) -> None:
    with pytest.raises(JournalError):
        parse_arrangement(data)
