import json
from pathlib import Path

import pytest

from bascule.cli.main import main
from bascule.cli.route_command import is_gateway_file, parse_headers
from bascule.errors import UsageError
from tests.support.manifests import endpoints, ingress, service

GATEWAY = """\
name: shop
clusters:
  blue: {kubeconfig: b}
  green: {kubeconfig: g}
active: green
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for cluster, address in (("blue", "10.0.0.1"), ("green", "10.1.0.1")):
        (tmp_path / cluster).mkdir()
        (tmp_path / cluster / "shop.yaml").write_text(ingress() + service() + endpoints(address))
    return tmp_path


def _route(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["route", *arguments])

    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_manifests_answer_offline(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = _route(capsys, "http://shop.example.com/cart", "-f", str(world))

    assert code == 0
    assert text.splitlines()[0] == "http://shop.example.com/cart: served by blue"


def test_json_is_the_same_answer(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = _route(
        capsys, "http://x/", "-f", str(world), "-H", "Host: shop.example.com", "-o", "json"
    )

    document = json.loads(text)
    assert code == 0
    assert document["answer"] == "served"
    assert [share["cluster"] for share in document["shares"]] == ["blue", "green"]


def test_the_gateway_file_beside_manifests_names_the_active_cluster(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = world / "gateway.yaml"
    file.write_text(GATEWAY)
    url = "http://shop.example.com/"

    _, by_file = _route(capsys, url, "-f", f"{world}/blue", "-f", f"green={world}/green")
    _, by_gateway = _route(
        capsys, url, "-f", str(file), "-f", f"blue={world}/blue", "-f", f"green={world}/green"
    )
    _, by_option = _route(capsys, url, "-f", str(world / "blue"), "--active", "green")

    assert "served by blue" in by_file
    assert "served by green" in by_gateway
    assert "served by blue" in by_option


def test_without_a_runtime_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = _route(capsys, "http://shop.example.com/", "--state", str(tmp_path))

    assert code != 0
    assert "what to do:" in text


def test_two_gateway_files_are_one_too_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(GATEWAY)

    code, text = _route(capsys, "http://x/", "-f", str(file), "-f", str(file))

    assert code == 2
    assert "two gateway files were given" in text


def test_a_gateway_file_is_told_from_a_manifest(tmp_path: Path) -> None:
    gateway, manifest = tmp_path / "gateway.yaml", tmp_path / "manifest.yaml"
    gateway.write_text(GATEWAY)
    manifest.write_text(service())

    assert is_gateway_file(str(gateway))
    assert not is_gateway_file(str(manifest))
    assert not is_gateway_file(str(tmp_path))
    assert not is_gateway_file("blue=nowhere")


def test_headers_are_names_and_values() -> None:
    assert parse_headers(["Host: a.test:80", "X-Empty:"]) == {"Host": "a.test:80", "X-Empty": ""}


@pytest.mark.parametrize("text", ["no colon", ": value"])
def test_what_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a header"):
        parse_headers([text])
