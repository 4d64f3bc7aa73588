import pytest

from bascule.programs.run import WORDS_MAX, find_last_words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", ""),
        (b"one\ntwo\n\n  \n", "two"),
        (b"Authorization: Bearer abcdefgh\n", "Authorization: Bearer [redacted]"),
        (b"red \x1b[31m\xff", "red ?[31m\N{REPLACEMENT CHARACTER}"),
    ],
    ids=["silence", "last-line", "secret", "no-text"],
)
def test_the_last_words_are_one_line_that_can_be_shown(said: bytes, words: str) -> None:
    assert find_last_words(said) == words


def test_long_last_words_are_cut_off() -> None:
    assert len(find_last_words(b"x" * 10_000)) == WORDS_MAX
