"""The files by which an Envoy is told what to do."""

import json
from pathlib import Path

from bascule.lab.arm.dataplane import discovery
from bascule.lab.arm.dataplane.translate.backends import build_endpoints
from bascule.lab.arm.dataplane.translate.translation import translate
from tests.support.arm_gateways import FRONTEND_ADDRESSES, gateway

HOME = Path("/lab/gateways/rg.gw/0-1")
TRANSLATION = translate(gateway({"blue": ["10.240.0.7"]}), FRONTEND_ADDRESSES)
(BACKEND,) = TRANSLATION.backends.values()
(FRONTEND,) = TRANSLATION.frontends.values()


def _files(servers: int) -> dict[str, str]:
    endpoints = {BACKEND.name: build_endpoints(BACKEND, BACKEND.servers[:servers])}
    return discovery.cluster_files(HOME, {BACKEND.name: BACKEND}, endpoints)


def test_equal_content_has_an_equal_version() -> None:
    first, again, other = (_files(count)["endpoints/blue~web.json"] for count in (1, 1, 0))

    assert discovery.version_of(first) == discovery.version_of(again)
    assert discovery.version_of(first) != discovery.version_of(other)


def test_a_change_of_servers_leaves_the_file_of_clusters_alone() -> None:
    assert _files(0)[discovery.CLUSTERS] == _files(1)[discovery.CLUSTERS]


def test_many_clusters_have_their_endpoints_within() -> None:
    names = [f"p{number}" for number in range(discovery.ENDPOINT_FILES_MAX + 1)]

    files = discovery.cluster_files(
        HOME,
        dict.fromkeys(names, BACKEND),
        dict.fromkeys(names, build_endpoints(BACKEND, BACKEND.servers)),
    )

    assert list(files) == [discovery.CLUSTERS]
    resources = json.loads(files[discovery.CLUSTERS])["resources"]
    assert {each["type"] for each in resources} == {"STATIC"}
    assert resources[0]["load_assignment"]["endpoints"][0]["lb_endpoints"]


def test_a_new_generation_names_every_filter_chain_anew() -> None:
    texts = [discovery.listeners_file(HOME, [FRONTEND], generation) for generation in (1, 2)]

    names = [
        chain["name"]
        for text in texts
        for listener in json.loads(text)["resources"]
        for chain in listener["filter_chains"]
    ]
    assert names == ["1-0", "2-0"]
    assert "name" not in FRONTEND.listener["filter_chains"][0]


def test_each_file_has_the_statistic_that_shows_its_version() -> None:
    files = {
        **_files(1),
        discovery.LISTENERS: discovery.listeners_file(HOME, [FRONTEND], 1),
        discovery.routes_place(FRONTEND): discovery.routes_file(FRONTEND),
    }

    assert discovery.statistics_of(files) == dict(
        zip(
            (
                "cluster.blue~web.version_text",
                "cluster_manager.cds.version_text",
                "listener_manager.lds.version_text",
                ".rds.127.255.0.1_8080.version_text",
            ),
            map(discovery.version_of, files.values()),
            strict=True,
        )
    )


def test_the_admin_socket_is_for_its_user_alone_and_shows_only_what_is_asked_for() -> None:
    admin = json.loads(discovery.build_bootstrap(HOME, "gw-0"))["admin"]

    assert admin["address"]["pipe"] == {"path": "admin.sock", "mode": 0o600}
    assert admin["allow_paths"] == [
        {"prefix": "/ready"},
        {"prefix": "/stats"},
        {"prefix": "/clusters"},
    ]
