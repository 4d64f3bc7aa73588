from bascule.platform.green.model import BlueFacts


def test_the_issuer_of_blue_is_read_from_its_document() -> None:
    cluster = {"properties": {"oidcIssuerProfile": {"issuerURL": "https://issuer/"}}}

    assert BlueFacts(cluster=cluster).issuer == "https://issuer/"
    assert BlueFacts(cluster={}).issuer == ""
