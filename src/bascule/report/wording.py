"""Numbers, durations and times as a person reads them; all times in UTC."""

from datetime import UTC, datetime


def say_duration(seconds: float) -> str:
    """Return a duration in two units at most: `850 ms`, `12.4 s`, `3 min 5 s`, `2 d 4 h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    words = (
        (whole // 86_400, "d"),
        (whole // 3600 % 24, "h"),
        (whole // 60 % 60, "min"),
        (whole % 60, "s"),
    )
    first = next(place for place, (count, _) in enumerate(words) if count)
    return " ".join(f"{count} {unit}" for count, unit in words[first : first + 2] if count)


def say_number(value: float, decimals: int | None = None) -> str:
    """Return a number with commas; without `decimals`, about three figures of it."""
    if decimals is None:
        size = abs(value)
        is_whole = value == int(value)
        decimals = 0 if is_whole or size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 4
        text = f"{value:,.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:,.{decimals}f}"


def say_time(at: datetime) -> str:
    """Return date and time to the second: `23 Nov 2026 08:58:13 UTC`."""
    return f"{say_date(at)} {at.astimezone(UTC).year} {say_clock(at)} UTC"


def say_moment(at: datetime) -> str:
    """Return day and time without the year: `23 Nov 08:58:13`."""
    return f"{say_date(at)} {say_clock(at)}"


def say_date(at: datetime) -> str:
    """Return the day: `23 Nov`."""
    utc = at.astimezone(UTC)
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    return f"{utc.day} {months.split()[utc.month - 1]}"


def say_clock(at: datetime) -> str:
    """Return the time of the day to the second."""
    return at.astimezone(UTC).strftime("%H:%M:%S")
