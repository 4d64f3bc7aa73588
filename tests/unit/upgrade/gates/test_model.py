import pytest

from bascule.errors import InvariantError
from bascule.upgrade.gates.model import Gates


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1])
def test_gates_that_could_never_or_always_fail_cannot_be_made(alpha: float) -> None:
    with pytest.raises(InvariantError, match="alpha"):
        Gates(alpha=alpha)


def test_gates_have_a_small_chance_of_a_false_alarm_unless_told_otherwise() -> None:
    assert Gates().alpha == 0.001
