from pathlib import Path

import pytest
from pydantic import ValidationError

from bascule.spec.envoy import EnvoyOptions


def test_what_is_not_said_of_an_envoy_has_a_default() -> None:
    options = EnvoyOptions.model_validate({"binary": "envoy"}, context=Path("/opt"))

    assert options.binary == Path("/opt/envoy")
    assert (options.concurrency, options.drain_seconds) == (2, 60)


def test_an_envoy_has_at_least_one_thread() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        EnvoyOptions(concurrency=0)
