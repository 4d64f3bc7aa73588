import re
from pathlib import Path

from bascule.lab.kubeapi.http.features import Feature

PAGE = Path(__file__).resolve().parents[5] / "docs" / "reference" / "lab-faults.md"


def test_every_switch_is_documented() -> None:
    section = PAGE.read_text().partition("## Features that can be switched off")[2]

    documented = set(re.findall(r"`([a-z-]+)`", section))

    assert documented == {feature.value for feature in Feature}
