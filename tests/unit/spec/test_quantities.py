import pytest
from pydantic import TypeAdapter, ValidationError

from bascule.spec import quantities
from bascule.spec.quantities import parse_share


@pytest.mark.parametrize(
    ("value", "percent"),
    [(5, 5.0), (0.25, 0.25), ("12.5%", 12.5), ("12.5 %", 12.5), (100, 100.0), (0, 0.0)],
)
def test_a_share_is_percent(value: object, percent: float) -> None:
    assert parse_share(value) == percent


@pytest.mark.parametrize(
    "value", [101, -1, 0.001, "five", True, None, "1e2", " 5", "5\n", [], "100.01"]
)
def test_what_is_no_share_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a percentage from 0 to 100"):
        parse_share(value)


@pytest.mark.parametrize(
    ("kind", "good", "read"),
    [
        (quantities.Host, "Shop.Example.com", "shop.example.com"),
        (quantities.HostRule, "*.Example.com", "*.example.com"),
        (quantities.HostRule, "*", "*"),
        (quantities.Url, "https://p.example.com:9090/x?y=1", "https://p.example.com:9090/x?y=1"),
        (quantities.Regex, "a+", "a+"),
        (quantities.TimeZone, "Europe/Berlin", "Europe/Berlin"),
        (quantities.HeaderName, "X-Preview", "x-preview"),
        (quantities.EnvName, "TOKEN_1", "TOKEN_1"),
        (quantities.Command, ["ls", "-l"], ("ls", "-l")),
        (quantities.Label, "shop-1", "shop-1"),
        (quantities.Percent, 99.5, 99.5),
    ],
)
def test_a_good_value_is_read(kind: type[object], good: object, read: object) -> None:
    assert TypeAdapter(kind).validate_python(good) == read


@pytest.mark.parametrize(
    ("kind", "bad", "message"),
    [
        (quantities.Host, "*.example.com", "is not a host name"),
        (quantities.HostRule, "a.*.example.com", "is not a host name, nor a wildcard"),
        (quantities.HostRule, "*.", "is not a host name, nor a wildcard"),
        (quantities.Url, "ftp://p", "is not an address that begins with http"),
        (quantities.Url, "http://p:99999999", "is not an address that begins with http"),
        (quantities.Url, "http://[p", "is not an address that begins with http"),
        (quantities.Url, "http://p/a b", "is not an address that begins with http"),
        (quantities.Url, "http://p/\n", "is not an address that begins with http"),
        (quantities.Url, "http://me:secret@p", "holds a user or a password"),
        (quantities.HeaderValue, "a\nb", "pattern"),
        (quantities.Host, "a b", "is not a host name"),
        (quantities.Host, "", "is not a host name"),
        (quantities.Host, "a." * 130 + "a", "is not a host name"),
        (quantities.Regex, "(", "is not a regular expression"),
        (quantities.Regex, "(?:" * 200, "is not a regular expression"),
        (quantities.TimeZone, "Mars/Base", "is not a time zone such as"),
        (quantities.TimeZone, "../etc/passwd", "is not a time zone such as"),
        (quantities.TimeZone, "", "is not a time zone such as"),
        (quantities.EnvName, "A B", "pattern"),
        (quantities.Command, [], "at least 1 item"),
        (quantities.Command, ["", "x"], "names no program"),
        (quantities.Command, ["a", "b\0"], "holds a NUL character"),
        (quantities.Label, "-a", "pattern"),
        (quantities.Percent, float("nan"), "finite"),
    ],
)
def test_a_bad_value_is_refused(kind: type[object], bad: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(kind).validate_python(bad)
