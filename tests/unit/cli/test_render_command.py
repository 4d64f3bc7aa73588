import json
import os
from pathlib import Path

import pytest
import yaml

from bascule.cli.main import main
from bascule.cli.render_command import build_options
from bascule.ids import Cluster
from tests.support.manifests import endpoints, ingress, service
from tests.support.pki import Authority
from tests.support.raw_objects import raw_secret

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "render"
ROOT = GOLDEN.parents[2]
SHOP = ingress() + service() + endpoints("10.0.0.1")


def _render(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code = main(["render", *arguments])

    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    return captured.out


@pytest.mark.parametrize(
    "case", sorted(GOLDEN.glob("*.in.yaml")), ids=lambda path: path.name.removesuffix(".in.yaml")
)
def test_manifests_become_the_table_of_their_golden_file(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = case.name.removesuffix(".in.yaml")
    green, expected = GOLDEN / f"{name}.green.yaml", GOLDEN / f"{name}.out.yaml"
    files = ["-f", f"blue={case}", *(["-f", f"green={green}"] if green.exists() else [])]

    actual = _render(capsys, *files, "--output", "yaml")

    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(actual)
    assert yaml.safe_load(actual) == yaml.safe_load(expected.read_text())


def test_text_shows_routes_and_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP + ingress("x", path="/x", service="missing"))

    lines = _render(capsys, "-f", str(tmp_path)).splitlines()

    assert lines[0] == "listener http: http on 127.0.0.1:8080"
    assert "shop.example.com  /     Prefix  shop/web:http (1)    -      blue only" in lines
    assert lines[-1] == (
        "  error: blue Ingress shop/x: ServiceNotFound: "
        "shop.example.com/x: there is no Service missing"
    )


def test_json_is_one_document_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)

    document = json.loads(_render(capsys, "-f", str(tmp_path), "--output", "json"))

    assert document["hosts"][0]["routes"][0]["blue"]["endpoints"] == ["10.0.0.1:8080"]


@pytest.mark.parametrize("output", ["json", "yaml", "text"])
def test_what_envoy_would_be_sent_is_shown_without_a_private_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    pair = Authority().issue("shop.example.com")
    secret = json.dumps(raw_secret("cert", data=pair.secret_data))
    (tmp_path / "shop.yaml").write_text(
        ingress(more="tls: [{secretName: cert}]") + service() + endpoints("10.0.0.1")
    )
    (tmp_path / "cert.json").write_text(secret)

    text = _render(capsys, "-f", str(tmp_path), "--gateway", "envoy", "--output", output)

    document = yaml.safe_load(text)
    assert list(document["Cluster"]) == ["blue/shop/web/http"]
    (shown,) = document["Secret"].values()
    assert shown["tls_certificate"]["private_key"] == "[redacted]"
    assert pair.secret_data["tls.key"][:40] not in text


def test_a_certificate_that_has_expired_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = Authority().issue("shop.example.com", valid_days=-1)
    (tmp_path / "cert.json").write_text(json.dumps(raw_secret("cert", data=pair.secret_data)))
    (tmp_path / "shop.yaml").write_text(
        ingress(more="tls: [{secretName: cert}]") + service() + endpoints("10.0.0.1")
    )

    lines = _render(capsys, "-f", str(tmp_path)).splitlines()

    assert lines[-1].startswith("  error: blue Secret shop/cert: CertificateExpired: its certi")


def test_a_gateway_file_names_listeners_classes_and_the_active_cluster(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text((ROOT / "examples" / "gateway.yaml").read_text() + "active: green\n")

    options = build_options(file, None)

    assert options.active is Cluster.GREEN
    assert [listener.port for listener in options.listeners] == [8080, 8443]
    assert build_options(file, Cluster.BLUE).active is Cluster.BLUE
    assert build_options(None, None).active is Cluster.BLUE


def test_a_malformed_manifest_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("kind: Ingress\nmetadata: {name: x\n")

    code = main(["render", "-f", str(tmp_path)])

    assert code == 2
    assert capsys.readouterr().err.startswith(f"error: {file}:3:1: not YAML")
