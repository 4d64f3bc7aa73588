import pytest

from bascule.routing.certificates import EMPTY_STORE, Certificate, CertificateStore


def test_a_digest_names_chain_and_key_and_shows_neither() -> None:
    pair = Certificate(b"chain", b"key")

    assert pair.digest == Certificate(b"chain", b"key").digest
    assert pair.digest != Certificate(b"chainkey", b"").digest
    assert "chain" not in repr(pair)
    assert "key" not in repr(pair).replace("key_pem", "")


def test_a_store_cannot_be_changed() -> None:
    pair = Certificate(b"chain", b"key")
    source = {pair.digest: pair}
    store = CertificateStore(source)

    source.clear()

    assert store.by_digest == {pair.digest: pair}
    with pytest.raises(TypeError):
        store.by_digest[pair.digest] = pair  # type: ignore[index]  # this is what is tested
    assert not EMPTY_STORE.by_digest
