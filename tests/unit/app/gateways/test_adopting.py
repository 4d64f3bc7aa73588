from dataclasses import replace

import pytest

from bascule.app.gateways.adopting import Wish, judge_agic
from bascule.app.gateways.agic import AddOn, AgicFound

ADD_ON = AddOn(
    cluster_id="/cluster",
    name="old",
    owns_gateway=False,
    identity_id="/identity",
    is_identity_used=False,
)


def judge(found: AgicFound, *, may_disable_add_on: bool = False) -> list[str]:
    return [*judge_agic(found, Wish(may_disable_add_on=may_disable_add_on))]


def test_what_cannot_be_put_to_sleep_stands_against_it() -> None:
    assert judge(AgicFound(obstacles=("the Pod a/b runs AGIC",))) == ["the Pod a/b runs AGIC"]


def test_an_add_on_is_disabled_only_where_that_was_said() -> None:
    (told,) = judge(AgicFound(add_ons=(ADD_ON,)))

    assert "--disable-add-on" in told
    assert judge(AgicFound(add_ons=(ADD_ON,)), may_disable_add_on=True) == []


@pytest.mark.parametrize(
    ("add_on", "why"),
    [
        (replace(ADD_ON, owns_gateway=True), "made this gateway"),
        (replace(ADD_ON, is_identity_used=True), "identity of the add-on"),
    ],
)
def test_an_add_on_with_which_something_would_go_is_never_disabled(add_on: AddOn, why: str) -> None:
    (told,) = judge(AgicFound(add_ons=(add_on,)), may_disable_add_on=True)

    assert why in told
