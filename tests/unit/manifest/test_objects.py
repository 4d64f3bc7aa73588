from datetime import UTC, datetime

from bascule.manifest.objects import (
    CertificatePair,
    EndpointSlice,
    Ingress,
    IngressClass,
    Kind,
    Metadata,
    ObjectRef,
    Pod,
    RewriteRules,
    Service,
    TlsSecret,
)

META = Metadata(namespace="shop", name="web")


def test_every_object_names_itself() -> None:
    views = (Ingress, Service, EndpointSlice, TlsSecret, Pod, RewriteRules)
    refs = [item(meta=META).ref for item in views]

    assert [ref.kind for ref in refs] == [item.kind for item in views]
    assert {*Kind} - {ref.kind for ref in refs} == {Kind.INGRESS_CLASS}
    assert {(ref.namespace, ref.name) for ref in refs} == {("shop", "web")}


def test_an_ingress_class_has_no_namespace() -> None:
    assert IngressClass(meta=META).ref == ObjectRef(Kind.INGRESS_CLASS, "", "web")


def test_a_key_never_shows() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    pair = CertificatePair(
        chain_pem=b"chain", key_pem=b"very secret", not_before=moment, not_after=moment
    )

    assert "secret" not in repr(TlsSecret(meta=META, pair=pair))
