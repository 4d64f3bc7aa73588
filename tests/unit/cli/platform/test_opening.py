from pathlib import Path

import pytest

from bascule.cli.platform.opening import Access, Source, find_subscription, hold_state, open_file
from bascule.errors import LockedError, SpecError, UsageError
from tests.support.platforms import SMALL

GUID = "00000000-0000-0000-0000-000000000002"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "platform.yaml"
    path.write_text(SMALL)
    return path


def test_the_subscription_is_that_of_the_option_the_file_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "environment")

    assert find_subscription(Access(subscription="option"), "file") == "option"
    assert find_subscription(Access(), "file") == "file"
    assert find_subscription(Access(), None) == "environment"
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID")
    with pytest.raises(UsageError, match="no subscription is named"):
        find_subscription(Access(), None)


def test_a_file_is_read_with_all_that_it_names(file: Path) -> None:
    file.with_name("prices.yaml").write_text("machines: {A: 1.0}\n")
    file.with_name("key.pub").write_text("ssh-ed25519 A\n")
    file.write_text(f"{SMALL}    sshPublicKey: key.pub\nprices: prices.yaml\n")

    opened = open_file(file, Access(subscription=GUID, cloud="AzureUSGovernment"))

    assert opened.cloud == "AzureUSGovernment"
    assert opened.prices is not None
    assert opened.prices.machines == {"A": 1.0}
    assert opened.ssh_public_key == "ssh-ed25519 A\n"
    assert opened.ids.subscription == GUID


def test_the_cloud_is_the_files_if_no_option_says_another(file: Path) -> None:
    opened = open_file(file, Access(subscription=GUID))

    assert opened.cloud == "AzureCloud"
    assert opened.prices is None


def test_a_file_that_is_named_and_missing_is_told(file: Path) -> None:
    file.write_text(f"{SMALL}prices: nowhere.yaml\n")

    with pytest.raises(SpecError, match=r"nowhere\.yaml"):
        open_file(file, Access(subscription=GUID))


def test_one_platform_is_worked_on_once_at_a_time(tmp_path: Path) -> None:
    source = Source(file=tmp_path / "platform.yaml", state=tmp_path / "state")

    with hold_state(source, "shop") as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
        with (
            pytest.raises(LockedError, match="another `bascule platform` works on shop"),
            hold_state(source, "shop"),
        ):
            pass


def test_the_state_is_below_the_users_if_no_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    with hold_state(Source(file=tmp_path / "platform.yaml"), "shop") as directory:
        assert directory == tmp_path / "bascule" / "platform" / "shop"
