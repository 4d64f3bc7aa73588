import pytest

from bascule.gateway.appgw.log_settings import LogTable, find_table
from tests.support.log_answers import setting


@pytest.mark.parametrize("kind", ["Dedicated", "dedicated"])
def test_a_setting_that_asks_for_tables_of_their_own_gives_a_table_of_its_own(kind: str) -> None:
    assert find_table([setting(kind=kind)]) is LogTable.DEDICATED


@pytest.mark.parametrize("kind", [None, "AzureDiagnostics"])
def test_any_other_setting_writes_into_the_table_that_all_share(kind: str | None) -> None:
    assert find_table([setting(kind=kind)]) is LogTable.SHARED


def test_the_group_of_all_logs_has_the_access_log_in_it() -> None:
    assert find_table([setting(group="allLogs")]) is LogTable.DEDICATED
    assert find_table([setting(group="audit")]) is None


def test_a_log_that_is_off_or_of_something_else_or_in_no_workspace_is_none() -> None:
    off = setting(is_enabled=False)
    firewall = setting(category="ApplicationGatewayFirewallLog")
    archive = setting("")

    assert find_table([off, firewall, archive]) is None
    assert find_table([]) is None


def test_rows_that_two_workspaces_have_would_count_twice() -> None:
    first, second = setting("one"), setting("two")

    assert find_table([first, second]) is None
    assert find_table([first, second, setting("one", kind=None)]) is LogTable.SHARED
    assert find_table([first, setting("two", kind=None)]) is LogTable.DEDICATED


def test_the_shared_table_has_names_of_its_own_for_the_same_columns() -> None:
    own, shared = LogTable.DEDICATED, LogTable.SHARED

    assert own.source == "AGWAccessLogs"
    assert shared.source == ('AzureDiagnostics\n| where Category == "ApplicationGatewayAccessLog"')
    assert own.column("ServerRouted") == "ServerRouted"
    assert [shared.column("ServerRouted"), shared.column("ClientIp")] == [
        "serverRouted_s",
        "clientIP_s",
    ]
    assert shared.column("HttpStatus", "d") == "httpStatus_d"
