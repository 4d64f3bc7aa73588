"""Our writer where the state directory takes nothing more."""

from pathlib import Path

import pytest

from bascule.errors import DriverError
from bascule.gateway.appgw.operations import FileOperationLog
from bascule.gateway.appgw.writer import GatewayWriter
from tests.support.gateway_lab import OWNS, GatewayLab, gateway_lab, pools_of, with_pool


def writer(lab: GatewayLab, file: Path) -> GatewayWriter:
    return GatewayWriter(
        lab.client,
        lab.gateway_id,
        clock=lab.clock,
        operations=FileOperationLog(file),
        owns=OWNS,
        fence=lambda: None,
    )


async def test_a_write_that_cannot_be_noted_is_refused_and_made_once_there_is_room(
    tmp_path: Path,
) -> None:
    file = tmp_path / "gateway-operations.json"
    async with gateway_lab() as lab:
        before, ours = await lab.get(), writer(lab, file)
        file.mkdir()  # nothing can take its place, as on a full disk

        with pytest.raises(DriverError, match="cannot be written") as refused:
            await lab.drive(ours.write(lambda document: with_pool(document, "bsc-a", "10.0.0.1")))
        assert (lab.puts, await lab.get()) == (0, before)
        assert refused.value.remedy
        file.rmdir()
        written = await lab.drive(
            ours.write(lambda document: with_pool(document, "bsc-a", "10.0.0.1"))
        )

    assert pools_of(written.after)["bsc-a"] == ["10.0.0.1"]
    assert FileOperationLog(file).unfinished() == ()
