from bascule.lab.load.live import LiveLine
from bascule.lab.story.acts import Acts


class Screen:
    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self, act: str) -> None:
        self.told.append(act)

    def show(self, line: LiveLine) -> None:
        raise AssertionError(line)

    def end(self) -> None:
        self.told.append("the end")

    def close(self) -> None:
        raise AssertionError


def test_each_act_is_shown_and_its_time_is_taken_when_the_next_begins_or_all_is_over() -> None:
    screen = Screen()
    acts = Acts(screen)

    acts.begin("one")
    acts.begin("two")
    before_the_end = list(acts.seconds)
    acts.end()

    assert screen.told == ["one", "two", "the end"]
    assert before_the_end == ["one"]
    assert list(acts.seconds) == ["one", "two"]
    assert min(acts.seconds.values()) >= 0
