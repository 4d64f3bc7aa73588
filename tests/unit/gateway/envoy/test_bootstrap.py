import json
import re
from pathlib import Path

from bascule.gateway.envoy.bootstrap import TcpXds, UnixXds, build_bootstrap

ADMIN = Path("/state/admin.sock")


def test_the_runtime_comes_over_xds_alone_and_is_waited_for() -> None:
    layers = build_bootstrap("e", UnixXds(path=Path("/x")), ADMIN)["layered_runtime"]["layers"]

    assert len(layers) == 1
    assert layers[0]["rtds_layer"]["rtds_config"]["initial_fetch_timeout"] == "0s"


def test_the_admin_socket_is_private_and_changes_nothing() -> None:
    admin = build_bootstrap("e", UnixXds(path=Path("/x")), ADMIN)["admin"]

    assert admin["address"]["pipe"] == {"path": str(ADMIN), "mode": 0o600}
    allowed = [re.compile(item["safe_regex"]["regex"]) for item in admin["allow_paths"]]

    def is_allowed(path: str) -> bool:
        return any(pattern.fullmatch(path) for pattern in allowed)

    assert is_allowed("/runtime")
    assert is_allowed("/stats?usedonly&filter=x")
    for path in ("/", "/runtime_modify?a=1", "/stats/recentlookups/clear", "/quitquitquit"):
        assert not is_allowed(path)


def test_a_unix_socket_needs_no_tls_and_tcp_always_has_it() -> None:
    files = [Path("/c"), Path("/k"), Path("/ca")]
    tcp = TcpXds(
        host="xds.example.com",
        port=18_000,
        server_name="xds.example.com",
        chain_file=files[0],
        key_file=files[1],
        server_ca_file=files[2],
    )

    near, far = (
        build_bootstrap("e", xds, ADMIN)["static_resources"]["clusters"][0]
        for xds in (UnixXds(path=Path("/x")), tcp)
    )

    assert "transport_socket" not in near
    context = far["transport_socket"]["typed_config"]["common_tls_context"]
    assert context["validation_context"]["trusted_ca"] == {"filename": "/ca"}
    assert context["tls_certificates"][0]["private_key"] == {"filename": "/k"}
    json.dumps([near, far])
