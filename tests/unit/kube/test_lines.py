import pytest

from bascule.errors import TransportError
from bascule.kube.lines import LineSplitter


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_come_out_however_the_bytes_were_cut(size: int) -> None:
    stream = b'{"a":1}\n{"b":2}\n\n{"c":3}\n'
    splitter = LineSplitter(100)

    lines = [
        line
        for start in range(0, len(stream), size)
        for line in splitter.feed(stream[start : start + size])
    ]

    assert lines == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


def test_a_line_without_its_end_is_kept_back() -> None:
    splitter = LineSplitter(100)

    assert splitter.feed(b"whole\nhal") == [b"whole"]
    assert splitter.feed(b"f\n") == [b"half"]


def test_a_line_beyond_the_limit_is_refused() -> None:
    splitter = LineSplitter(10)
    splitter.feed(b"x" * 10)

    with pytest.raises(TransportError, match="longer than 10 bytes"):
        splitter.feed(b"x")


def test_the_limit_counts_each_line_for_itself() -> None:
    splitter = LineSplitter(10)

    assert splitter.feed(b"x" * 9 + b"\n" + b"y" * 9) == [b"x" * 9]
    assert splitter.feed(b"\n") == [b"y" * 9]
