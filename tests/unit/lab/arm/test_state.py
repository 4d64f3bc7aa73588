import stat
from pathlib import Path

from tests.support.lab_azure import AzureUser, make_azure, running_azure
from tests.support.virtual_clock import VirtualClock

NETWORK = "providers/Microsoft.Network/virtualNetworks/v"
SPACE = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}


async def test_a_restart_finds_everything_and_fails_what_was_under_way(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    async with running_azure(state=state) as user:
        shop, bank = await user.make_group("shop"), await user.make_group("bank")
        body = {"location": "eastus", "properties": SPACE}
        begun = await user.ask("PUT", f"{shop}/{NETWORK}", body)
        await user.ask("DELETE", bank)
        as_it_was = state.read_bytes()
        identity = user.azure.identity
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    killed = tmp_path / "killed.json"
    killed.write_bytes(as_it_was)

    clock = VirtualClock()
    azure = make_azure(clock, state=killed)
    async with azure.running():
        user = AzureUser(azure=azure, clock=clock)
        await user.sign_in(identity.first_app_id, identity.first_secret)
        network = await user.ask("GET", f"{shop}/{NETWORK}")
        group = await user.ask("GET", bank)
        page = begun.headers["Azure-AsyncOperation"].partition("?")[0].partition("8443")[2]
        poll = await user.ask("GET", page)
        since = {"$filter": "eventTimestamp ge '2026-01-01'"}
        values = "providers/Microsoft.Insights/eventtypes/management/values"
        log = await user.ask("GET", f"{user.subscription}/{values}", query=since)
        again = await user.make_group("new")

    assert azure.identity.subscription_id == identity.subscription_id
    assert azure.identity.starts == 2
    assert network.body["properties"]["provisioningState"] == "Failed"
    assert group.body["properties"]["provisioningState"] == "Succeeded"
    assert poll.body["status"] == "Failed"
    assert "restarted" in poll.body["error"]["message"]
    assert len(log.body["value"]) >= 4
    assert again


async def test_ids_of_another_start_are_other_ids(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = make_azure(VirtualClock(), state=state)
    one = first.world.make_id()
    first.directory.on_change()

    second = make_azure(VirtualClock(), state=state)

    assert second.world.make_id() != one
    assert second.identity.first_object_id == first.identity.first_object_id
