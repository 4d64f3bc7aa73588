"""Numbers in the words of people: durations, counts, shares."""


def say_duration(seconds: float) -> str:
    """Return a duration as `45 s`, `3 min 20 s`, `2 h 5 min` or `1 d 4 h`."""
    whole = int(seconds)
    for unit_s, unit, part_s, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min")):
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s} {unit}" + (f" {rest} {part}" if rest else "")
    if whole >= 60:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole} s"


def say_count(count: int, noun: str) -> str:
    """Return `1 request` or `1,200 requests`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def say_share(share: float) -> str:
    """Return a share as percent, three digits that count: `0.12 %`, `99.95 %`."""
    percent = 100 * share
    digits = f"{percent:.2f}" if 1 <= percent <= 100 else f"{percent:.3g}"
    return f"{digits} %"


def say_ms(milliseconds: float) -> str:
    """Return `25 ms` or `2.4 ms`."""
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def round_figures(value: float) -> float:
    """Return `value` with four digits that count: enough for a report."""
    return float(f"{value:.4g}")
