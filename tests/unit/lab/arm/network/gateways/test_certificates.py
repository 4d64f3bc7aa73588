import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from tests.support.arm_network import GATEWAY, NetworkLab, error_codes, gateway_body, network_lab

PASSWORD = "not-a-secret"
NAME = "shop.example"


@cache
def pfx(password: str = PASSWORD) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    locked = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    data = pkcs12.serialize_key_and_certificates(b"shop", key, certificate, None, locked)
    return base64.b64encode(data).decode()


def certificate(**properties: Any) -> list[dict[str, Any]]:
    return [{"name": "shop", "properties": properties}]


async def put(lab: NetworkLab, certificates: list[dict[str, Any]]) -> Any:
    return await lab.done("PUT", GATEWAY, gateway_body(sslCertificates=certificates))


def shown(document: Any) -> Any:
    (found,) = document["properties"]["sslCertificates"]
    return found["properties"]


async def test_data_and_password_are_never_shown_and_the_public_part_is() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        reply = await put(lab, certificate(data=pfx(), password=PASSWORD))

        for document in (reply.body, await lab.get(GATEWAY)):
            assert shown(document).keys() == {"publicCertData", "provisioningState"}
        public = base64.b64decode(shown(reply.body)["publicCertData"])
        (found,) = pkcs7.load_der_pkcs7_certificates(public)
        assert found.subject.rfc4514_string() == f"CN={NAME}"
        applied = shown(lab.plane.applied[0][1])
        assert (applied["data"], applied["password"]) == (pfx(), PASSWORD)


async def test_a_certificate_that_comes_back_without_data_keeps_it() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put(lab, certificate(data=pfx(), password=PASSWORD))
        read = shown(await lab.get(GATEWAY))

        await put(lab, certificate(publicCertData=read["publicCertData"]))

        assert shown(await lab.get(GATEWAY)) == read
        assert shown(lab.plane.applied[1][1])["data"] == pfx()


async def test_a_certificate_needs_data_that_can_be_read_with_its_password() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        tried = [
            certificate(data=pfx(), password="wrong"),
            certificate(data=base64.b64encode(b"no certificate").decode(), password=PASSWORD),
            certificate(data="%"),
            certificate(),
        ]

        replies = [
            await lab.ask("PUT", GATEWAY, gateway_body(sslCertificates=each)) for each in tried
        ]

        assert [error_codes(each) for each in replies] == [
            ("ApplicationGatewaySslCertificatePasswordIncorrect",),
            ("ApplicationGatewaySslCertificateInvalidData",),
            ("ApplicationGatewaySslCertificateInvalidData",),
            ("ApplicationGatewaySslCertificateDataMustBeSpecified",),
        ]


async def test_a_certificate_of_a_vault_stays_a_reference() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        vault = "https://shop.vault.example/secrets/shop"

        reply = await put(lab, certificate(keyVaultSecretId=vault, publicCertData="x"))

        assert shown(reply.body).keys() == {"keyVaultSecretId", "provisioningState"}


async def test_a_certificate_without_password_is_read() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        reply = await lab.ask(
            "PUT", GATEWAY, gateway_body(sslCertificates=certificate(data=pfx("")))
        )

        assert reply.status == 201
