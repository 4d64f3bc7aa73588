from datetime import UTC, datetime
from pathlib import Path

import pytest

from bascule.lab.arm.dataplane import access
from bascule.lab.arm.dataplane.access import AccessLogFile
from bascule.lab.arm.dataplane.translate.access import FIELDS, build_access_log
from bascule.lab.arm.dataplane.translate.backends import Backend, Server
from tests.support.arm_logs import line

AT = datetime(2026, 1, 1, tzinfo=UTC)
BLUE = Backend(
    pool="blue",
    settings="web",
    port=8080,
    servers=(Server(address="10.1.0.1", real="127.1.0.1"),),
    cluster={},
)


def test_a_log_is_read_on_and_names_servers_as_the_document_does(tmp_path: Path) -> None:
    log = AccessLogFile(tmp_path / "access.log")
    log.learn({BLUE.name: BLUE})
    before = log.take()
    log.path.write_text(f"{line(AT)}\n{line(AT, cluster=None, server=None)}\n" + '{"at"')

    first, nowhere = log.take()
    with log.path.open("a") as file:
        file.write(': "7", "cluster": "green~web", "server": "127.2.0.1:80"}\n')
    (third,) = log.take()

    assert before == []
    assert (first.pool, first.settings, first.server) == ("blue", "web", "10.1.0.1:8080")
    assert first.fields["uri"] == "/cart?id=7"
    assert (nowhere.pool, nowhere.server) == ("", "")
    assert third.server == "127.2.0.1:80"


@pytest.mark.parametrize("agent", ["a\u2028b", "a\u0085b", "\u00ff"])
def test_what_a_client_calls_itself_breaks_no_line(tmp_path: Path, agent: str) -> None:
    log = AccessLogFile(tmp_path / "access.log")
    log.path.write_text(f"{line(AT, agent=agent)}\n")

    (found,) = log.take()

    assert found.fields["agent"] == agent


def test_what_nobody_wants_is_passed_over(tmp_path: Path) -> None:
    log = AccessLogFile(tmp_path / "access.log")
    log.skip()
    log.path.write_text(f"{line(AT)}\n")

    log.skip()

    assert log.take() == []


def test_a_long_file_is_begun_anew_once_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "BYTES_MAX", 10)
    log = AccessLogFile(tmp_path / "access.log")
    log.path.write_text(f"{line(AT)}\n")

    assert len(log.take()) == 1
    assert log.path.stat().st_size == 0
    with log.path.open("a") as file:
        file.write(f"{line(AT)}\n")
    assert len(log.take()) == 1


def test_envoy_is_told_of_a_log_only_where_there_is_a_place() -> None:
    assert build_access_log("") == []
    (told,) = build_access_log("access.log")
    assert told["typed_config"]["path"] == "access.log"
    assert told["typed_config"]["log_format"] == {"json_format": FIELDS}
