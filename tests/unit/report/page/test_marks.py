from datetime import timedelta

from bascule.journal.record import Json
from bascule.report.page.marks import (
    MARKS_MAX,
    Mark,
    draw_bands,
    draw_marks,
    list_marks,
    render_mark_list,
)
from bascule.report.page.node import Node
from bascule.report.page.scales import TimeScale
from tests.support.made_up_upgrades import START, document_of

HOUR = TimeScale(from_at=START, to_at=START + timedelta(hours=1))


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def mark(number: int, minutes: float, kind: str = "signal") -> Mark:
    return Mark(number=number, at=START + timedelta(minutes=minutes), kind=kind, label="said")


def stages(*spans: tuple[str, float, float | None]) -> Node:
    told: list[Json] = [
        {"stage": name, "from_at": at(a), "to_at": None if b is None else at(b)}
        for name, a, b in spans
    ]
    return Node({"stages": told})


def test_what_mattered_is_marked_in_the_order_of_time() -> None:
    marks = list_marks(Node(document_of("rolled_back")))

    assert [mark.kind for mark in marks] == ["gate", "rollback", "end"]
    assert [mark.number for mark in marks] == [1, 2, 3]
    assert marks[0].label == "the gate shift-25-hold failed"


def test_signals_are_marked_refused_ones_as_such() -> None:
    labels = [mark.label for mark in list_marks(Node(document_of("completed")))]

    assert labels == [
        "abort by bob@desk, refused",
        "approve by ada@desk",
        "approve by ada@desk",
        "completed",
    ]


def test_halts_are_marked_and_what_has_no_time_is_not() -> None:
    root = Node(
        {
            "halts": [{"at": at(1), "step": "sync"}, {}],
            "signals": [{}],
            "gates": [{"judgements": [{"verdict": "fail"}]}],
        }
    )

    assert [mark.label for mark in list_marks(root)] == ["halted at sync"]


def test_there_is_an_end_to_marks() -> None:
    signals: list[Json] = [{"at": at(n)} for n in range(MARKS_MAX + 9)]

    assert len(list_marks(Node({"signals": signals}))) == MARKS_MAX


def test_marks_near_each_other_are_drawn_in_rows() -> None:
    drawn = draw_marks([mark(n, 30 + n / 10) for n in range(6)], HOUR, top_px=20, bottom_px=100)

    tops = [drawn.count(f'cy="{20 + 21 * row}"') for row in range(4)]
    assert tops == [2, 2, 1, 1]


def test_marks_apart_share_a_row_and_those_outside_are_left_out() -> None:
    drawn = draw_marks([mark(1, 10), mark(2, 40), mark(3, 90)], HOUR, top_px=20, bottom_px=100)

    assert drawn.count('cy="20"') == 2
    assert drawn.count("<circle") == 2


def test_the_list_of_marks_names_their_times() -> None:
    listed = render_mark_list([mark(1, 0, "gate")])

    assert "23 Nov 08:58:12" in listed
    assert 'class="mark-badge gate"' in listed
    assert render_mark_list([]) == ""


def test_stages_are_named_where_their_names_fit() -> None:
    root = stages(("sync", 0, 1), ("verify", 1, 6), ("shift", 6, 40), ("bake", 40, None))

    drawn = draw_bands(root, HOUR, name="whole")

    assert "middle wide-only" in drawn
    assert ">shift</text>" in drawn
    assert ">bake</text>" in drawn
    assert ">sync</text>" not in drawn
    assert "<title>sync</title>" in drawn


def test_a_stage_without_time_in_the_plot_is_left_out() -> None:
    root = stages(("preflight", 0, 0), ("sync", 80, 90))
    unknown = Node({"stages": [{"stage": "sync"}]})

    assert "<rect" not in draw_bands(root, HOUR, name="whole")
    assert "<rect" not in draw_bands(unknown, HOUR, name="whole")
