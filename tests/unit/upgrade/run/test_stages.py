import pytest

from bascule.upgrade.run.stages import ENDS, MOVES, Stage, is_legal


@pytest.mark.parametrize("stage", [s for s in Stage if s not in ENDS])
def test_before_its_end_an_upgrade_can_roll_back(stage: Stage) -> None:
    assert is_legal(stage, Stage.ROLLBACK) is (stage is not Stage.ROLLBACK)


def test_a_rollback_ends_only_as_rolled_back() -> None:
    assert MOVES[Stage.ROLLBACK] == {Stage.ROLLED_BACK}


@pytest.mark.parametrize("end", sorted(ENDS))
def test_nothing_follows_an_end(end: Stage) -> None:
    assert MOVES[end] == frozenset()


def test_an_upgrade_never_goes_back_to_an_earlier_stage() -> None:
    assert not is_legal(Stage.BAKE, Stage.SHIFT)
    assert is_legal(Stage.SHIFT, Stage.BAKE)


def test_a_stage_without_steps_is_passed_over() -> None:
    assert is_legal(Stage.PREFLIGHT, Stage.SHIFT)
