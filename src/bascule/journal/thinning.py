"""Which samples stay when there are too many: every other one goes, the oldest half first."""


def choose_kept(count: int, *, samples_max: int) -> tuple[int, ...]:
    """Return the places (from 0, oldest first) of at most `samples_max` of `count` samples.

    The first sample stays as long as any does; recent ones stay densest.
    """
    kept = list(range(count))
    while len(kept) > max(samples_max, 0):
        half = max(len(kept) // 2, 2)
        kept = [*kept[:half:2], *kept[half:]] if len(kept) > 1 else []
    return tuple(kept)
