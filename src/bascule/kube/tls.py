"""TLS for one connection, with keys that never touch a disk."""

import os
import ssl

from bascule.errors import SpecError
from bascule.kube.connection import ClientCertificate, Connection


def build_ssl_context(
    connection: Connection, certificate: ClientCertificate | None
) -> ssl.SSLContext:
    """Return a context that trusts what `connection` trusts and presents `certificate`.

    The server is verified unless the kubeconfig itself says not to. Raises SpecError for a
    certificate or key that cannot be used.
    """
    if connection.ca_pem is not None:
        context = _trusting_only(connection)
    elif connection.is_verified:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        _present(context, certificate, connection.name)
    return context


def _trusting_only(connection: Connection) -> ssl.SSLContext:
    try:
        ca_text = (connection.ca_pem or b"").decode("ascii")
        return ssl.create_default_context(cadata=ca_text)
    except (ssl.SSLError, ValueError) as error:
        raise SpecError(
            f"the certificate authority of context {connection.name!r} is not PEM: {error}",
            remedy="write a PEM certificate, or its base64 in certificate-authority-data",
        ) from error


def _present(context: ssl.SSLContext, certificate: ClientCertificate, name: str) -> None:
    """Load the pair through a file that lives in memory only: `ssl` reads nothing but files."""
    descriptor = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(certificate.chain_pem.rstrip() + b"\n" + certificate.key_pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_refuse_password)
    except (ssl.SSLError, ValueError) as error:
        raise SpecError(
            f"the client certificate of context {name!r} cannot be used: {error}",
            remedy="give a PEM certificate and the unencrypted key that belongs to it",
        ) from error
    finally:
        os.close(descriptor)


def _refuse_password() -> str:
    raise ValueError("the key is encrypted")
