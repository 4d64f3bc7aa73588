"""Storms on a gateway, from seeds: 3 in 10 of our calls fail, and somebody else writes it too.

A small sample; `make soak PROOF=appgw-storm SEED=1` is the whole.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from typing_extensions import override

from bascule.azure.document import Document
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.appgw.writes import Again, Job, Sent, Written
from tests.support.appgw_storm import Outcome, Storm
from tests.support.appgw_storm_site import IfMatch, live_site, quick_site
from tests.support.asking import ask, under_load

SEED = 4
SEEDS = (SEED, 1, 2, 5, 6)
"""Storms of which one at least finds out a writer that is wrong."""
RATE = 40.0
LIVE_FACTOR, SETTLING_FACTOR = 150.0, 1_000.0


async def _play(
    seed: int, if_match: IfMatch, *, steps: int = 4, writer: type[GatewayWriter] = GatewayWriter
) -> Outcome:
    async with quick_site(seed, if_match) as site:
        storm = Storm(site=site, seed=seed, steps=steps, writer_type=writer)
        return await site.lab.drive(storm.play())


async def test_where_if_match_is_honoured_nothing_of_others_is_lost_and_ours_ends_right() -> None:
    outcome = await _play(SEED, "honour")

    assert outcome.wrong == (), outcome
    assert (outcome.lost, outcome.told) == (0, 0)
    assert outcome.theirs > outcome.steps
    assert outcome.struck > 0.2 * outcome.calls


async def test_where_it_is_not_each_loss_is_told_by_whom_and_when_and_ours_ends_right() -> None:
    outcome = await _play(SEED, "ignore")

    assert outcome.wrong == (), outcome
    assert outcome.told >= outcome.lost > 0


@pytest.mark.timeout(240)  # other tests may have the machine's one place for an Azure
@pytest.mark.parametrize("if_match", ["honour", "ignore"])
async def test_no_request_fails_in_a_storm(tmp_path: Path, if_match: IfMatch) -> None:
    async with live_site(tmp_path / "lab", SEED, if_match, factor=LIVE_FACTOR) as site:
        storm = Storm(site=site, seed=SEED, steps=1)
        await storm.begin()
        async with under_load(site.port, rate=RATE, address=site.address) as load:
            await storm.rage()
            answering = await ask(site.port, address=site.address)
        site.clock.factor = SETTLING_FACTOR
        outcome = await storm.judge()

    assert outcome.wrong == (), outcome
    assert load.failures == ()
    assert {each.cluster for each in load.answers} == {"blue", "green"}
    assert answering == storm.table.split.default.only


class Unconditional(GatewayWriter):
    """A writer that does not say which document it has read."""

    @override
    def _if_match(self, job: Job, document: Document) -> str:
        return ""


class Trusting(GatewayWriter):
    """A writer that does not read back."""

    @override
    async def _verify(self, job: Job, sent: Sent) -> Again | Written:
        return await self._done(job, sent.wanted)


async def test_a_writer_without_if_match_would_be_found_out() -> None:
    assert await _is_found_out(Unconditional, lambda outcome: outcome.lost > 0)


async def test_a_writer_that_does_not_read_back_would_be_found_out() -> None:
    assert await _is_found_out(
        Trusting, lambda outcome: "is said to be live" in "".join(outcome.wrong)
    )


async def _is_found_out(writer: type[GatewayWriter], is_found: Callable[[Outcome], bool]) -> bool:
    for seed in SEEDS:
        if is_found(await _play(seed, "honour", writer=writer)):
            return True
    return False
