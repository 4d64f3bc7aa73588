from bascule.journal.record import Json
from bascule.report.page.node import Node
from bascule.report.page.shares_cell import render_shares


def split(green: float, **hosts: float) -> Json:
    by_host: dict[str, Json] = {
        host.replace("_", "."): {"green_bp": share * 100} for host, share in hosts.items()
    }
    return {"default": {"green_bp": green * 100}, "by_host": by_host}


def cell(before: Json, wanted: Json) -> str:
    return render_shares(Node({"before": before, "wanted": wanted}))


def test_where_all_hosts_move_alike_one_share_says_it() -> None:
    told = cell(split(5), split(25))

    assert "</data> → <data" in told
    assert "sub" not in told


def test_a_host_that_goes_its_own_way_is_named_with_its_shares() -> None:
    assert "a.test: 0 → 100 %" in cell(split(0), split(0, a_test=100))
    assert "a.test: 100 → 25 %" in cell(split(0, a_test=100), split(25))


def test_many_hosts_are_counted() -> None:
    told = cell(split(0), split(0, a=100, b=100, c=100, d=100, e=100))

    assert "c: 0 → 100 %" in told
    assert "d: 0" not in told
    assert "2 more hosts" in told


def test_what_is_not_known_is_not_made_up() -> None:
    assert "not known" in render_shares(Node({}))
