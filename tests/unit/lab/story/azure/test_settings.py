import pytest

from bascule.errors import UsageError
from bascule.lab.story.azure.settings import AzureSettings


@pytest.mark.parametrize("rate", [1.0, 1e6], ids=["too-slow", "too-fast"])
def test_a_rate_that_cannot_be_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="--rate"):
        AzureSettings(rate=rate)


@pytest.mark.parametrize("speed", [0.5, 1e6], ids=["too-slow", "too-fast"])
def test_a_speed_that_cannot_be_is_refused(speed: float) -> None:
    with pytest.raises(UsageError, match="--speed"):
        AzureSettings(model="real", speed=speed)


def test_a_real_azure_is_waited_for_as_long_as_it_may_take() -> None:
    assert AzureSettings().limit_s == 120.0
    assert AzureSettings(model="real", speed=60.0).limit_s == 220.0
