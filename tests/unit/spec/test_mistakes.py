import pytest
from pydantic import ValidationError

from bascule.spec.mistakes import RULE, Mistake, check_names, tell


def test_nothing_is_told_when_nothing_is_wrong() -> None:
    tell([])


def test_all_mistakes_are_told_each_at_its_place() -> None:
    with pytest.raises(ValidationError) as caught:
        tell([Mistake(("a", 0), "is wrong", "mend it"), Mistake((), "{is} odd")])

    first, second = caught.value.errors()
    assert (first["type"], first["loc"], first["msg"]) == (RULE, ("a", 0), "is wrong")
    assert first["ctx"] == {"message": "is wrong", "remedy": "mend it"}
    assert (second["loc"], second["msg"]) == ((), "{is} odd")


def test_a_name_that_comes_again_is_a_mistake_where_it_does() -> None:
    found = list(check_names(["a", "b", "a", "a"], "checks"))

    assert [mistake.path for mistake in found] == [(2, "name"), (3, "name")]
    assert found[0].message == "two checks have the name 'a'"
