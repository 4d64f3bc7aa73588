import io

from rich.console import Console

from bascule.lab.load.live import LiveLine
from bascule.lab.story.display import LiveDisplay, PlainDisplay


def line(at_s: float, *, failed: int = 0) -> LiveLine:
    return LiveLine(
        at_s=at_s,
        requests=100,
        failed=failed,
        rate=400.0,
        p50_ms=5.0,
        p99_ms=None,
        share_by_cluster={"blue": 0.25, "green": 0.75},
        streams_open=12,
        stalls=0,
    )


def test_plain_lines_come_once_a_second() -> None:
    written: list[str] = []
    display = PlainDisplay(written.append)

    display.begin("baseline")
    for at_s in (10.0, 10.25, 10.5, 11.1):
        display.show(line(at_s))
    display.end()
    display.close()

    assert len(written) == 3
    assert "green  75%" in written[1]


def test_a_terminal_shows_acts_split_and_failures() -> None:
    screen = io.StringIO()
    display = LiveDisplay(Console(file=screen, force_terminal=True, width=100))

    display.begin("baseline")
    display.begin("switch to green")
    display.show(line(10.0, failed=3))
    display.end()
    display.close()
    display.close()

    shown = screen.getvalue()
    assert "switch to green" in shown
    assert "3 failed" in shown
    assert " 75% green" in shown
