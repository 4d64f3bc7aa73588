"""An Application Gateway with Envoys behind it, for a runtime."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from bascule.app.gateways.appgw import (
    LIMIT_FACTOR,
    RETRY,
    AppGwHome,
    AppGwParts,
    build_keeping,
    build_past_envoys,
    build_place,
    describe,
    name_gateway,
    open_parts,
    watch_all,
)
from bascule.app.gateways.before import keep_before
from bascule.app.gateways.breaking_glass import KeepsWayBack, WayBackKeeper
from bascule.app.gateways.envoy import (
    Elsewhere,
    OwnEnvoy,
    build_elsewhere,
    prepare_elsewhere,
    prepare_own,
)
from bascule.app.gateways.front import build_tier
from bascule.app.gateways.looking import fetch_tier_facts
from bascule.app.gateways.opening import Opener, OpenGateway
from bascule.app.gateways.past_envoys import PastEnvoys
from bascule.app.gateways.putting_back import PutsBack
from bascule.app.gateways.tier_driver import Manner, TierDriver
from bascule.app.metering import MeteredDriver
from bascule.controller.holdoff import HoldOff
from bascule.journal.record import Json
from bascule.spec.appgw import AppGwEnvoyGateway
from bascule.spec.gateway import Gateway
from bascule.upgrade.pace import AT_ONCE

PROXIES = 1
KEEP_EVERY_S = 10.0
"""The least time between two looks at the gateway for documents that lead past the Envoys."""


def prepare_tier(
    gateway: Gateway, spec: AppGwEnvoyGateway, home: AppGwHome, *, elsewhere: Elsewhere | None
) -> Opener:
    """Return what opens both; `elsewhere` outranks what the file says of Envoys run elsewhere.

    Raises UsageError for what is missing on this machine.
    """
    open_envoys = _prepare_envoys(gateway, spec, home, elsewhere)
    gateway_id = name_gateway(spec, home)
    settings = build_place(gateway, spec, gateway_id=gateway_id)
    tier = build_tier(spec)

    @asynccontextmanager
    async def open_tier(fence: Callable[[], None]) -> AsyncIterator[OpenGateway]:
        async with open_envoys(fence) as envoys, open_parts(spec, settings, home, fence) as parts:
            past = build_past_envoys(gateway, spec, gateway_id=gateway_id)
            keeping = build_keeping(parts, past, home, pause_s=KEEP_EVERY_S)
            keeper = WayBackKeeper(keeping, PastEnvoys(past))
            back = PutsBack(parts.driver, clock=home.clock, retry=RETRY, rng=random.SystemRandom())
            front = MeteredDriver(back, home.clock)
            driver = TierDriver(
                envoys.driver, front, tier, clock=home.clock, manner=_build_manner(spec)
            )
            driver.on_front = keeper.ring
            limit_s = LIMIT_FACTOR * spec.operation_timeout_seconds
            yield replace(
                envoys,
                driver=MeteredDriver(KeepsWayBack(driver, keeper), home.clock),
                watch=lambda: watch_all(
                    envoys.watch,
                    parts.driver.watch_lease,
                    driver.keep_front,
                    back.keep_put_back,
                    keeper.keep_written,
                ),
                describe=lambda: _describe(spec, envoys, parts, driver),
                pace=replace(
                    AT_ONCE,
                    order_age_max_s=AT_ONCE.order_age_max_s + limit_s,
                    outcome_s=AT_ONCE.outcome_s + limit_s,
                ),
                azure_id=gateway_id,
                addresses=parts.addresses,
                other_addresses=parts.other_addresses,
                shared=front,
                follow_upgrade=partial(setattr, back, "is_moving"),
                puts=parts.log.puts,
                look=partial(fetch_tier_facts, parts.client, settings, tier),
                kept=keep_before(parts.document, home.state_dir.gateway_before),
            )

    return open_tier


def _prepare_envoys(
    gateway: Gateway, spec: AppGwEnvoyGateway, home: AppGwHome, elsewhere: Elsewhere | None
) -> Opener:
    xds = spec.envoys.xds
    if elsewhere is None and xds is not None:
        elsewhere = build_elsewhere(xds.listen, cert=xds.certificate, key=xds.key, ca=xds.client_ca)
    if elsewhere is not None:
        return prepare_elsewhere(elsewhere, home.clock, proxies=PROXIES)
    own = OwnEnvoy(
        name=gateway.name,
        options=spec.envoys,
        addresses=((spec.envoys.listen, spec.envoys.port),),
        proxies=PROXIES,
    )
    return prepare_own(own, home.state_dir, home.clock)


def _build_manner(spec: AppGwEnvoyGateway) -> Manner:
    quiet_s = spec.quiet_s
    return Manner(
        hold_off=HoldOff(quiet_s=quiet_s, max_s=spec.max_delay_s, urgent_s=quiet_s),
        retry=RETRY,
        rng=random.SystemRandom(),
    )


def _describe(
    spec: AppGwEnvoyGateway, envoys: OpenGateway, parts: AppGwParts, driver: TierDriver
) -> Mapping[str, Json]:
    front: dict[str, Json] = {
        **describe(spec.type, parts),
        "switch_by": None,
        "trouble": driver.front_trouble or None,
        "problems_total": len(driver.front_problems),
    }
    return {**envoys.describe(), "appgw": front}
