from pathlib import Path

import yaml
from cryptography import x509

from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.kubeapi.access.kubeconfig import Access, build_kubeconfig, write_kubeconfig
from tests.support.lab_store import MovableClock


def test_a_kubeconfig_names_each_cluster_and_is_for_its_owner_only(tmp_path: Path) -> None:
    accesses = [
        Access(context="blue", server="https://a", authority_pem=b"A", certificate_pem=b"C"),
        Access(context="green", server="https://b", authority_pem=b"B", token="t", namespace="n"),
    ]

    write_kubeconfig(tmp_path / "config", accesses)

    read = yaml.safe_load((tmp_path / "config").read_text())
    assert read == build_kubeconfig(accesses)
    assert read["current-context"] == "blue"
    assert [item["name"] for item in read["contexts"]] == ["blue", "green"]
    assert read["users"][1]["user"] == {"token": "t"}
    assert read["contexts"][1]["context"]["namespace"] == "n"
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o600


def test_certificates_carry_user_and_groups_and_survive_a_restart(tmp_path: Path) -> None:
    first = Certificates(tmp_path, clock=MovableClock(), address="127.0.0.1")
    pem, _ = first.issue_client("jane", ("devs", "ops"))
    again = Certificates(tmp_path, clock=MovableClock(), address="127.0.0.1")

    subject = x509.load_pem_x509_certificate(pem).subject.rfc4514_string()

    assert subject == "CN=jane,O=ops,O=devs"
    assert again.authority_pem == first.authority_pem
    assert again.token_key.private_numbers() == first.token_key.private_numbers()
