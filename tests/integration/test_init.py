"""`bascule init` against two API servers: what it writes, and when it writes nothing."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bascule.app.files import read_file
from bascule.cli.main import main
from bascule.spec.load import parse_upgrade
from tests.support.lab_api import LabApi
from tests.support.raw_objects import raw_ingress, raw_service, raw_slice

PATHS = {
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
    "Service": "/api/v1/namespaces/shop/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
}


async def _fill(api: LabApi, *raws: dict[str, Any]) -> None:
    await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    for raw in raws:
        for ours in ("resourceVersion", "creationTimestamp", "uid"):
            raw["metadata"].pop(ours, None)
        answer = await api.ask("POST", PATHS[raw["kind"]], raw)
        assert answer.code == 201, answer.text


def _shop(*paths: str, host: str = "shop.example.com") -> dict[str, Any]:
    raw = raw_ingress(host=host, paths=paths, name=host.partition(".")[0])
    raw["spec"]["ingressClassName"] = "nginx"
    return raw


@pytest.fixture
async def clusters(tmp_path: Path) -> AsyncIterator[Path]:
    """Two clusters, and a folder with a kubeconfig for each: green lacks a path and a host."""
    async with AsyncExitStack() as stack:
        for context, version in (("old", "1.34"), ("new", "1.36")):
            api = await stack.enter_async_context(LabApi(tmp_path / context, version=version))
            api.server.write_kubeconfig(tmp_path / f"{context}.kubeconfig", context=context)
            await _fill(api, raw_service(), raw_slice())
            if context == "old":
                await _fill(api, _shop("/", "/api"), _shop("/", host="blog.example.com"))
            else:
                await _fill(api, _shop("/"))
        yield tmp_path


async def _init(folder: Path, *more: str, blue: str = "old") -> int:
    arguments = ["init", f"--blue-context={blue}", "--green-context=new"]
    arguments += [f"--kubeconfig={folder}/old.kubeconfig"]
    arguments += [f"--green-kubeconfig={folder}/new.kubeconfig"]
    arguments += [f"--output-file={folder}/upgrade.yaml"]
    return await asyncio.to_thread(main, [*arguments, *more])


async def test_what_is_written_is_read_and_says_what_was_found(
    clusters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await _init(clusters)

    file = clusters / "upgrade.yaml"
    text = file.read_text()
    upgrade = parse_upgrade(text, file, read_file)
    assert code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert (upgrade.name, upgrade.gateway.name) == ("old-to-new", "gateway")
    assert upgrade.gateway.ingress_classes == ("nginx",)
    assert upgrade.platform.green.kubeconfig == clusters / "new.kubeconfig"
    assert "#   shop.example.com: 2 routes, green lacks /api\n" in text
    assert "#   blog.example.com: 1 route, green lacks /\n" in text
    assert "# v1.34" in text
    assert "2 host(s) found; green lacks routes of 2" in capsys.readouterr().out


async def test_a_file_that_exists_is_not_written_over_unasked(clusters: Path) -> None:
    file = clusters / "upgrade.yaml"
    file.write_text("mine")

    assert await _init(clusters) == 2
    assert file.read_text() == "mine"
    assert await _init(clusters, "--force") == 0
    assert file.read_text() != "mine"


async def test_what_was_done_is_one_json_document(
    clusters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await _init(clusters, "--output=json")

    assert json.loads(capsys.readouterr().out) == {
        "file": f"{clusters}/upgrade.yaml",
        "name": "old-to-new",
        "hosts": 2,
        "lacking_in_green": ["blog.example.com", "shop.example.com"],
    }


async def test_it_can_be_printed_instead(
    clusters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await _init(clusters, "--output-file=-", "--name=Shop 1.36", "--gateway-name=shop")

    upgrade = parse_upgrade(capsys.readouterr().out, "upgrade.yaml", read_file)
    assert code == 0
    assert (upgrade.name, upgrade.gateway.name) == ("shop-1-36", "shop")
    assert not (clusters / "upgrade.yaml").exists()


async def test_without_a_cluster_nothing_is_written(
    clusters: Path, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    config = clusters / "new.kubeconfig"
    text = config.read_text()
    start = text.index("https://127.0.0.1:")
    end = text.index("\n", start)
    config.write_text(f"{text[:start]}https://127.0.0.1:{unused_tcp_port}{text[end:]}")

    code = await _init(clusters)

    assert code == 6
    assert not (clusters / "upgrade.yaml").exists()
    assert "green (context new" in capsys.readouterr().err


async def test_one_cluster_is_not_two(clusters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = await _init(clusters, f"--green-kubeconfig={clusters}/old.kubeconfig", blue="old")

    assert code == 2
    assert "new" in capsys.readouterr().err


async def test_the_same_cluster_twice_is_refused(
    clusters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clusters / "old.kubeconfig").write_text((clusters / "new.kubeconfig").read_text())

    assert await _init(clusters, blue="new") == 2
    assert "both contexts reach the same cluster" in capsys.readouterr().err
