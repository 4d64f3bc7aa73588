from pathlib import Path

from bascule.lab.pods import ledger
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
    subject = Ledger()
    subject._count_by_key.update(dict.fromkeys(map(str, range(ledger.KEYS_MAX)), 1))

    subject.record("one more")
    subject.record("0")

    assert subject.overflow == 1
    assert subject.effects()["0"] == 2
