from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest

from bascule.app.gateways.silence import BEGUN_MAX, Silence
from bascule.azure.client import ArmClient
from bascule.errors import BasculeError, ForbiddenError, PlanError
from tests.support.virtual_clock import VirtualClock

GATEWAY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
SILENCE_S = 300.0


class Azure:
    """Shows an etag, and a log that tells of a write some time after it."""

    def __init__(
        self, *writes_s: float, log_late_s: float = 0.0, is_etag_kept: bool = False
    ) -> None:
        self.clock = VirtualClock()
        self.told: list[str] = []
        self.is_shown = True
        self._begun = self.clock.now()
        self._writes_s = writes_s
        self._log_late_s = log_late_s
        self._is_etag_kept = is_etag_kept

    async def prove(self) -> float:
        """Return how long it took."""
        silence = Silence(
            client=cast("ArmClient", self),
            gateway_id=GATEWAY,
            clock=self.clock,
            tell=self.told.append,
        )

        async def attempt() -> BasculeError | None:
            try:
                await silence.prove(SILENCE_S)
            except BasculeError as error:
                return error
            return None

        error = await self.clock.drive(attempt())
        if error is not None:
            raise error
        return self._passed_s

    async def get(self, resource: str) -> dict[str, Any]:
        assert resource == GATEWAY
        count = 0 if self._is_etag_kept else len(self._before(0.0))
        return {"id": GATEWAY, "etag": str(count)}

    async def list(self, path: str, query: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        assert path.endswith("/values")
        assert GATEWAY in query["$filter"]
        if not self.is_shown:
            raise ForbiddenError("AuthorizationFailed")
        return tuple(self._entry(at_s) for at_s in self._before(self._log_late_s))

    @property
    def _passed_s(self) -> float:
        return (self.clock.now() - self._begun).total_seconds()

    def _before(self, late_s: float) -> Sequence[float]:
        return [at_s for at_s in self._writes_s if at_s + late_s <= self._passed_s]

    def _entry(self, at_s: float) -> dict[str, Any]:
        return {
            "resourceId": GATEWAY,
            "operationName": {"value": "Microsoft.Network/applicationGateways/write"},
            "status": {"value": "Accepted"},
            "eventTimestamp": (self._begun + timedelta(seconds=at_s)).isoformat(),
            "correlationId": f"c{at_s}",
            "caller": "bob",
        }


async def test_where_nobody_writes_it_takes_as_long_as_was_asked() -> None:
    azure = Azure()

    assert await azure.prove() == SILENCE_S
    assert azure.told[-1] == "nobody has written the gateway for 300 s"


async def test_from_a_write_on_it_takes_as_long_again() -> None:
    azure = Azure(200.0)

    assert 500.0 <= await azure.prove() <= 520.0
    assert "begins anew: bob" in azure.told[1]


async def test_a_write_of_which_the_log_tells_late_is_seen_by_the_etag() -> None:
    azure = Azure(200.0, log_late_s=10_000.0)

    assert 500.0 <= await azure.prove() <= 520.0
    assert "whom the activity log does not name yet" in azure.told[1]


async def test_a_write_that_leaves_the_etag_is_seen_by_the_log() -> None:
    azure = Azure(200.0, is_etag_kept=True)

    assert 500.0 <= await azure.prove() <= 520.0


async def test_whoever_writes_again_and_again_is_given_up() -> None:
    often = [100.0 * number for number in range(1, 50)]
    azure = Azure(*often)

    with pytest.raises(PlanError, match="again and again, last bob"):
        await azure.prove()

    assert len([line for line in azure.told if "begins anew" in line]) == BEGUN_MAX - 1


async def test_without_the_log_nothing_is_proven() -> None:
    azure = Azure()
    azure.is_shown = False

    with pytest.raises(ForbiddenError, match="silence cannot be proven"):
        await azure.prove()
