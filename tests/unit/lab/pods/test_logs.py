from bascule.lab.pods.logs import LINES_MAX, ContainerLog


def test_lines_come_back_as_written_with_times_if_asked() -> None:
    log = ContainerLog(lambda: 1_700_000_000.5)
    log.write("started")
    log.access("GET", "/x", 200)
    log.access("GET", "/healthz", 200)

    assert list(log.lines()) == ["started", "GET /x 200"]
    assert next(log.lines(timestamps=True)) == "2023-11-14T22:13:20.500000000Z started"


def test_a_reader_can_ask_for_what_is_new() -> None:
    now = iter(range(LINES_MAX + 10))
    log = ContainerLog(lambda: next(now))
    for number in range(LINES_MAX + 10):
        log.write(str(number))

    assert list(log.lines(after=log.written - 2)) == [str(LINES_MAX + 8), str(LINES_MAX + 9)]
    assert next(log.lines()) == "10"
    assert next(log.lines(since_s=500)) == "500"
