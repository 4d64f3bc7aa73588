from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bascule.app.gateways.hands import Hands
from bascule.cli.gateway.agreeing import Deed, do_agreed
from bascule.errors import PlanError


@dataclass
class World:
    """A gateway that says how it is, and what was done around it, in order."""

    looks: list[str] = field(default_factory=lambda: ["as it is"])
    trail: list[str] = field(default_factory=list)
    is_anything_to_do: bool = True
    is_held: bool = False

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Hands]:
        self.trail.append("hold")
        self.is_held = True
        yield cast("Any", None)
        self.is_held = False
        self.trail.append("let go")

    def deed(self) -> Deed[str, str]:
        return Deed(look=self.look, show=self.show, ask=self.ask, gist=str.casefold, act=self.act)

    async def look(self, _hands: Hands) -> str:
        assert self.is_held
        self.trail.append("look")
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def show(self, plan: str) -> bool:
        self.trail.append(f"show {plan}")
        return self.is_anything_to_do

    def ask(self) -> None:
        self.trail.append("ask, held" if self.is_held else "ask")

    async def act(self, _hands: Hands, plan: str) -> str:
        assert self.is_held
        self.trail.append("act")
        return f"done {plan}"


def test_nothing_is_held_while_a_person_reads() -> None:
    world = World()

    done = do_agreed(world.deed(), world.hold, is_sure=False)

    assert done == ("as it is", "done as it is")
    looked = ["hold", "look", "let go", "show as it is"]
    assert world.trail == [*looked, "ask", "hold", "look", "act", "let go"]


def test_what_has_changed_while_a_person_read_is_not_done() -> None:
    world = World(looks=["as it was", "as it is"])

    with pytest.raises(PlanError, match=r"not what was agreed to.*nothing was done"):
        do_agreed(world.deed(), world.hold, is_sure=False)

    assert "act" not in world.trail


def test_what_a_person_does_not_look_at_may_change_meanwhile() -> None:
    world = World(looks=["As it is", "as it is"])

    assert do_agreed(world.deed(), world.hold, is_sure=False)[1] == "done as it is"


def test_who_is_sure_is_shown_it_and_not_asked() -> None:
    world = World()

    do_agreed(world.deed(), world.hold, is_sure=True)

    assert world.trail == ["hold", "look", "show as it is", "act", "let go"]


@pytest.mark.parametrize("is_sure", [True, False])
def test_where_there_is_nothing_to_do_nobody_is_asked(is_sure: bool) -> None:  # noqa: FBT001 — a parameter of a test
    world = World(is_anything_to_do=False)

    assert do_agreed(world.deed(), world.hold, is_sure=is_sure) == ("as it is", None)
    assert not {"ask", "act"} & {*world.trail}
