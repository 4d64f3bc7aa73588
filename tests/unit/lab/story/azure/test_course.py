from bascule.lab.story.azure.course import BY_HOST, BY_SHARE


def test_the_story_goes_there_and_back_and_there() -> None:
    assert BY_HOST.commands == ("try-host", "try-switch", "rollback", "host", "switch")
    assert BY_SHARE.commands[:4] == ("try-5 %", "try-25 %", "try-switch", "rollback")


def test_a_canary_does_not_move_everything() -> None:
    moved = [name for name in BY_HOST.commands if BY_HOST.moves_all(name)]

    assert moved == ["try-switch", "rollback", "switch"]
    assert not BY_SHARE.moves_all("try-25 %")


def test_every_step_has_a_name_and_an_act() -> None:
    for course in (BY_HOST, BY_SHARE):
        assert len(course.steps) == len(course.names)
        assert set(course.acts) == set(course.names)
