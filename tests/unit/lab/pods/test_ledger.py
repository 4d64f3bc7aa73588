from pathlib import Path

from bascule.lab.pods.ledger import Ledger


def test_effects_are_still_known_after_a_restart(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "effects.log")
    assert (first.record("a"), first.record("a"), first.record("b")) == (1, 2, 1)
    first.close()
    first.close()

    again = Ledger(tmp_path / "effects.log")

    assert again.effects() == {"a": 2, "b": 1}
    assert again.record("a") == 3
    again.close()


def test_keys_past_the_limit_are_counted_apart() -> None:
    subject = Ledger(keys_max=2)

    for key in ("a", "b", "c", "a"):
        subject.record(key)

    assert subject.overflow == 1
    assert subject.effects() == {"a": 2, "b": 1}
