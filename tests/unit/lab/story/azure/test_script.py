import pytest

from bascule.lab.story.azure.script import require_end
from bascule.lab.story.script import UpgradeFailedError


def test_an_upgrade_that_ends_otherwise_is_the_end_of_the_story() -> None:
    require_end({"stage": "completed"}, "completed")

    with pytest.raises(UpgradeFailedError, match="ended as rolled_back: a hook failed"):
        require_end({"stage": "rolled_back", "ended": {"reason": "a hook failed"}}, "completed")
