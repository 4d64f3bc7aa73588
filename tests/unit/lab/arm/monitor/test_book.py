from bascule.lab.arm.dataplane.counting import BackendReading, Reading
from bascule.lab.arm.monitor.book import (
    FAST_DELAY_S,
    FAST_MINUTE_S,
    MINUTES_MAX,
    Book,
    Pace,
    pace_of,
)

GATEWAY = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Network/applicationGateways/G"
PACE = Pace(minute_s=60.0, delay_s=90.0)
BLUE = (("BackendSettingsPool", "blue~web"),)
ALL = range(10_000)
LATE_S = 100_000.0


def reading(good: int = 0, bad: int = 0, *, failed: int | None = None, healthy: int = 2) -> Reading:
    backend = BackendReading(
        answers={"2xx": good, "5xx": bad}, failed=bad if failed is None else failed, healthy=healthy
    )
    return Reading(backends={("blue", "web"): backend}, statuses={"2xx": good}, sent_bytes=good)


def totals(book: Book, metric: str, now_s: float = LATE_S) -> dict[int, float]:
    """Return the sums of blue by minute."""
    found = book.read(GATEWAY.upper(), metric, ALL, now_s)
    return {number: figure.total for number, figure in found.get(BLUE, {}).items()}


def test_each_minute_has_what_was_counted_in_it() -> None:
    book = Book(PACE)
    book.note(GATEWAY, "0-1", reading(5, 1), 10.0)
    book.note(GATEWAY, "0-1", reading(9, 1, failed=3), 59.0)
    book.note(GATEWAY, "0-1", reading(11, 1, failed=3), 61.0)
    book.note(GATEWAY, "1-1", reading(100), 62.0)

    assert totals(book, "TotalRequests") == {0: 9.0, 1: 102.0}
    assert totals(book, "FailedRequests") == {0: 3.0}


def test_answers_of_backends_are_told_apart_by_their_group() -> None:
    book = Book(PACE)
    book.note(GATEWAY, "0-1", reading(5, 1, failed=4), 10.0)

    found = book.read(GATEWAY, "BackendResponseStatus", ALL, LATE_S)

    by_group = {dict(labels)["HttpStatusGroup"]: f[0].total for labels, f in found.items()}
    assert by_group == {"2xx": 5.0, "5xx": 1.0}


def test_a_minute_without_a_request_has_hosts_and_no_requests() -> None:
    book = Book(PACE)
    book.note(GATEWAY, "0-1", reading(5), 10.0)
    book.note(GATEWAY, "0-1", reading(5, healthy=1), 70.0)
    book.note(GATEWAY, "0-1", reading(5, healthy=2), 80.0)

    hosts = book.read(GATEWAY, "HealthyHostCount", ALL, LATE_S)[BLUE][1]

    assert totals(book, "TotalRequests") == {0: 5.0}
    assert (hosts.total / hosts.count, hosts.least, hosts.most) == (1.5, 1.0, 2.0)


def test_minutes_come_late_and_in_parts() -> None:
    book = Book(PACE)
    book.note(GATEWAY, "0-1", reading(5), 10.0)
    book.note(GATEWAY, "1-1", reading(7), 10.0)

    seen = [totals(book, "TotalRequests", now_s) for now_s in (60.0, 104.9, 105.0, 149.9, 150.0)]

    assert seen == [{}, {}, {0: 5.0}, {0: 5.0}, {0: 12.0}]


def test_an_instance_that_was_started_anew_counts_from_zero() -> None:
    book = Book(PACE)
    book.note(GATEWAY, "0-1", reading(50), 10.0)
    book.note(GATEWAY, "0-1", reading(3), 20.0)

    assert totals(book, "TotalRequests") == {0: 53.0}


def test_old_minutes_and_instances_are_forgotten() -> None:
    book = Book(PACE)
    for number in range(MINUTES_MAX + 3):
        book.note(GATEWAY, f"0-{number}", reading(1), number * 60.0)

    assert min(totals(book, "TotalRequests", 1e9)) == 3


def test_a_faster_lab_has_shorter_minutes() -> None:
    assert pace_of("real", 60.0) == Pace(minute_s=1.0, delay_s=1.5, log_delay_s=2.0)
    assert pace_of("fast", 1.0) == Pace(
        minute_s=FAST_MINUTE_S, delay_s=FAST_DELAY_S, log_delay_s=FAST_DELAY_S
    )
