import pytest

from bascule.cli.cancelling import choose_cancels, say_cancels
from bascule.errors import UsageError


def test_each_name_counts_once_and_none_is_none() -> None:
    assert choose_cancels(["bob", " ada ", "bob"]) == ("bob", "ada")
    assert choose_cancels(None) == choose_cancels([]) == ()


def test_an_empty_name_is_refused_and_the_word_for_it_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        choose_cancels(["bob", ""])

    assert "`somebody` is who is not named" in caught.value.remedy


def test_who_is_asked_reads_whose_operation_may_be_cancelled() -> None:
    assert say_cancels(("bob",)) == ["  an operation of bob on the gateway may be cancelled for it"]
