import pytest

from bascule.app.metrics_place import MetricsPlace, parse_metrics_place
from bascule.errors import UsageError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("9464", MetricsPlace("127.0.0.1", 9464)),
        (":9464", MetricsPlace("127.0.0.1", 9464)),
        ("0.0.0.0:9464", MetricsPlace("0.0.0.0", 9464)),
        ("[::1]:9464", MetricsPlace("::1", 9464)),
    ],
    ids=["port", "colon", "all", "ipv6"],
)
def test_without_a_host_it_is_on_loopback(text: str, place: MetricsPlace) -> None:
    assert parse_metrics_place(text) == place


def test_without_the_option_there_is_none() -> None:
    assert parse_metrics_place(None) is None


@pytest.mark.parametrize("text", ["", "localhost", "localhost:http", "70000"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no place to listen on"):
        parse_metrics_place(text)
