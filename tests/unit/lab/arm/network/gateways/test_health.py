from bascule.lab.arm.network.gateways.health import render_health, used_pairs
from bascule.lab.arm.network.gateways.names import canonical
from bascule.lab.arm.network.plane_port import ServerHealth
from tests.support.arm_network import GATEWAY, gateway_body

DOCUMENT = canonical(gateway_body()) | {"id": GATEWAY}
POOL = f"{GATEWAY}/backendAddressPools/pool"
SETTINGS = f"{GATEWAY}/backendHttpSettingsCollection/settings"


def test_pools_and_settings_that_a_rule_brings_together_are_shown_once() -> None:
    assert used_pairs(DOCUMENT) == [(POOL, SETTINGS)]


def test_a_pair_that_the_plane_knows_nothing_of_is_unknown() -> None:
    (pool,) = render_health(DOCUMENT, {})["backendAddressPools"]

    (settings,) = pool["backendHttpSettingsCollection"]
    assert settings["servers"] == [{"address": "10.240.0.4", "health": "Unknown"}]


def test_names_of_the_plane_are_matched_without_case() -> None:
    known = {("POOL", "Settings"): [ServerHealth("10.240.0.4", "Unhealthy", "no answer")]}

    (pool,) = render_health(DOCUMENT, known)["backendAddressPools"]

    assert pool["backendHttpSettingsCollection"][0]["servers"] == [
        {"address": "10.240.0.4", "health": "Unhealthy", "healthProbeLog": "no answer"}
    ]
