import pytest

from bascule.errors import UsageError
from bascule.lab.story.azure.settings import AzureSettings


@pytest.mark.parametrize("rate", [1.0, 1e6], ids=["too-slow", "too-fast"])
def test_a_rate_that_cannot_be_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="--rate"):
        AzureSettings(rate=rate)
