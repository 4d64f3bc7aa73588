"""`bascule platform apply` is killed three times amid faults; the whole proof is `make soak`."""

from pathlib import Path
from random import Random

import pytest

from tests.support.apply_kills import kill_applies, open_azure_lab

SEED = 20_261_123
KILLS = 3

pytestmark = pytest.mark.timeout(240)  # other tests may have the machine's one place for an Azure


def test_a_platform_whose_apply_is_killed_amid_faults_is_made_once_and_whole(
    tmp_path: Path,
) -> None:
    with open_azure_lab(tmp_path, "killed") as lab:
        trial = kill_applies(
            lab,
            Random(SEED),  # noqa: S311 - it must be the same every time
            "shop",
            kills=KILLS,
        )

    assert trial.wrongs == (), f"seed {SEED}: {trial}"
    assert trial.kills
    assert "cluster old" in trial.made
