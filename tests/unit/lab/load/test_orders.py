import msgspec
import pytest

from bascule.errors import UsageError
from bascule.lab.load.orders import Command, Drained, Effects, Judge, Stop, Story, parse_order

COMMAND = Command(name="switch", begun_s=1.0, ended_s=2.0, to="green")


@pytest.mark.parametrize(
    "order",
    [COMMAND, Drained(cluster="blue", at_s=3.0), Effects(cluster="blue", count_by_key={"k": 1})],
    ids=["command", "drained", "effects"],
)
def test_what_is_told_is_kept(order: Command | Drained | Effects) -> None:
    story = Story()

    parsed = parse_order(msgspec.json.encode(order))
    assert isinstance(parsed, Command | Drained | Effects)
    story.take(parsed)

    assert parsed == order
    assert len(story.commands) + len(story.drained) + len(story.effects) == 1


def test_stop_and_judge_are_orders_without_content() -> None:
    assert parse_order(b'{"op":"stop"}') == Stop()
    assert parse_order(b'{"op":"judge"}') == Judge()


def test_an_order_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="does not understand"):
        parse_order(b'{"op":"dance"}')
