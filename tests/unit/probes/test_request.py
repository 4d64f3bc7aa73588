import pytest

from bascule.probes.request import parse_head


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("HTTP/1.1 200 OK", "Content-Length: 12"), (200, 12)),
        (("HTTP/1.1 204 No Content",), (204, 0)),
        (("HTTP/1.1 304 Not Modified",), (304, 0)),
        (("HTTP/1.1 200 OK", "transfer-encoding: chunked"), (200, None)),
        (
            ("HTTP/1.1 503 Service Unavailable", "content-length: 3", "Connection: Close"),
            (503, None),
        ),
    ],
    ids=["length", "no-content", "not-modified", "chunked", "close"],
)
def test_a_connection_is_kept_only_if_the_whole_answer_can_be_read(
    lines: tuple[str, ...], expected: tuple[int, int | None]
) -> None:
    assert parse_head(head(*lines)) == expected


@pytest.mark.parametrize("first", ["SSH-2.0-OpenSSH", "HTTP/2 200", "HTTP/1.1 what"])
def test_what_is_not_http_1_is_refused(first: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_head(head(first))
